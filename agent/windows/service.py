"""The agent as a Windows service: for a PC at which nobody signs in, or a till whose screen is not for people.

It runs as ``LocalService``, which may less than a user who signs in. Whoever stops it, or shuts Windows down, waits for
what it has begun at a register, as ``kassabridge agent stop`` does.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agent.app import FINISH, Stopping
from agent.problems import UserError
from agent.windows.scm import OWN_PROCESS, SPECIFIC, Accepts, Control, Errors, Service, State, Status

NAME = "KassaBridge"
ACCOUNT = r"NT AUTHORITY\LocalService"
PULSE = 1.0  # seconds between "still stopping" and "still stopping"
HINT = 10_000  # milliseconds: how long one such word is believed
STOPPED_WITHIN = FINISH + 30.0  # seconds
CONNECTED_WITHIN = 30.0  # seconds that the manager has to call back


class Host(Protocol):
    """What of the service manager the running service needs (``agent.windows.scm.Manager``)."""

    def dispatch(self, name: str, main: Callable[[], None]) -> None: ...

    def register(self, name: str, handler: Callable[[int], int]) -> Callable[[Status], None]: ...


def service_of(config: Path) -> Service:
    """As it is installed: with absolute paths, each in quotes."""
    return Service(
        NAME,
        "KassaBridge",
        "Агент KassaBridge: чеки из CRM на кассу этого ПК. / Receipts from the CRM to this PC's fiscal register.",
        subprocess.list2cmdline([*program(), "agent", "service", "run", "--config", str(config.absolute())]),
        ACCOUNT,
        restart_after=(5, 30, 60),
        forget_after=24 * 3600,
        preshutdown=STOPPED_WITHIN,
    )


def program() -> list[str]:
    """How this program is called from outside."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).with_name("kassabridge.exe"))]
    return [sys.executable, "-X", "utf8", "-m", "agent.cli"]


def run_service(serve: Callable[[Stopping], int], host: Host, *, pulse: float = PULSE) -> int:
    """Run ``serve`` on this thread, which has the signals, while the manager is told how it goes; its exit code.
    Raises ``UserError`` ``not_a_service`` when the service manager did not start this process."""
    run = _Run(host, pulse)
    run.connect()
    try:
        run.code = serve(run.stopping)
    finally:
        run.finish()
    return run.code


class _Run:
    def __init__(self, host: Host, pulse: float) -> None:
        self.stopping = Stopping()
        self.code = 1
        self._host = host
        self._pulse = pulse
        self._asked = False
        self._connected = threading.Event()
        self._finished = threading.Event()
        self._error: OSError | None = None
        self._dispatcher = threading.Thread(target=self._dispatch, name="service", daemon=True)

    def connect(self) -> None:
        self._dispatcher.start()
        if not self._connected.wait(CONNECTED_WITHIN) or self._error is not None:
            raise UserError(
                "not_a_service",
                f"Эту команду запускает диспетчер служб Windows ({self._error}). Установите службу: kassabridge agent "
                "service install, затем: net start KassaBridge.",
                f"This command is for Windows' service manager ({self._error}). Install the service: kassabridge agent "
                "service install, then: net start KassaBridge.",
            )

    def finish(self) -> None:
        self._finished.set()
        self._dispatcher.join(CONNECTED_WITHIN)

    # --- on the manager's threads

    def _dispatch(self) -> None:
        try:
            self._host.dispatch(NAME, self._main)
        except OSError as error:
            self._error = error
        finally:
            self._connected.set()

    def _main(self) -> None:
        report = self._host.register(NAME, self._hear)
        report(_status(State.RUNNING, accepts=Accepts.STOP | Accepts.PRESHUTDOWN))
        self._connected.set()
        words = 0
        while not self._finished.wait(self._pulse):
            if self._asked:
                words += 1
                report(_status(State.STOP_PENDING, checkpoint=words, wait_hint=HINT))
        report(_status(State.STOPPED, own_exit_code=self.code))

    def _hear(self, control: int) -> int:
        match control:
            case Control.STOP | Control.SHUTDOWN | Control.PRESHUTDOWN:
                self._asked = True
                self.stopping.asked(None)
                return 0
            case Control.INTERROGATE:
                return 0
        return Errors.NOT_IMPLEMENTED


def _status(
    state: State, *, accepts: int = Accepts.NOTHING, own_exit_code: int = 0, checkpoint: int = 0, wait_hint: int = 0
) -> Status:
    exit_code = SPECIFIC if own_exit_code else 0
    return Status(OWN_PROCESS, state, accepts, exit_code, own_exit_code, checkpoint, wait_hint)
