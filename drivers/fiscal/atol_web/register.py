"""A register of ATOL behind its maker's web server."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import CloseReply, Status
from drivers.errors import InDoubt, NotSent, Refused
from drivers.fiscal.atol_json import Times
from drivers.fiscal.atol_json.register import AtolJsonRegister
from drivers.fiscal.atol_web.delivery import blocked_by
from drivers.fiscal.atol_web.runner import WebRunner
from protocol.ffd.planned import PlannedReceipt


class AtolWebRegister(AtolJsonRegister):
    """See ``drivers.api``. What changes something is queued under the name of its attempt. ``library``: as far as it is
    known before the first connection."""

    def __init__(
        self,
        runner: WebRunner,
        times: Times | None = None,
        library: str | None = None,
        *,
        cashless_details: bool = False,
    ) -> None:
        super().__init__(runner, times, library, cashless_details=cashless_details)
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

    def close_receipt(self, receipt: PlannedReceipt) -> CloseReply:
        try:
            return super().close_receipt(receipt)
        except InDoubt:
            self._planned = None  # it may have been sent
            raise

    def cancel_document(self) -> None:
        """What is filled is forgotten: nothing of it was sent. Otherwise ``Refused`` (``unsupported``): no task tells
        of a receipt that was left open, and none cancels it."""
        self._connected()
        if self._planned is None:
            raise Refused("unsupported", "the web server has no task that cancels a receipt")
        self._planned = None
