"""A register of ATOL behind its maker's web server."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import Status
from drivers.errors import NotSent
from drivers.fiscal.atol_json import Times
from drivers.fiscal.atol_json.register import AtolJsonRegister
from drivers.fiscal.atol_web.runner import WebRunner, blocked_by


class AtolWebRegister(AtolJsonRegister):
    """See ``drivers.api``. What changes something is queued under the name of its attempt."""

    def __init__(self, runner: WebRunner, times: Times | None = None) -> None:
        super().__init__(runner, times)
        self._web = runner

    def attempt(self, name: str | None) -> None:
        self._web.attempt(name)

    def status(self) -> Status:
        """``NotSent`` with the reason of a queue that stands still: the server itself does not know what its register
        has done. Busy while anybody's request waits in the queue."""
        queue = self._web.queue()
        if (why := blocked_by(queue)) is not None:
            raise NotSent(why, f"the web server's queue stands still at request {queue.by if queue else ''}")
        status = super().status()
        return replace(status, busy=queue is not None and queue.waiting > 0)
