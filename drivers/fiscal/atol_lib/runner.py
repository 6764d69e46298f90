"""Tasks of the vendor's JSON language, run by the vendor's library in a process of its own.

The library answers a task with a code; the table of codes says whether the task can have taken effect. What the library
does not answer (it hangs, crashes, or its process is killed) is doubt. Every ``open`` begins with a new process, so
that nothing of an earlier call can come back: the library goes on trying to deliver a command for as long as it lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from drivers.errors import DeviceError, InDoubt, NotSent, Refused
from drivers.fiscal.atol_json.runner import QUIET, LibraryFacts, Traits, answer_of, verdict
from drivers.fiscal.atol_lib.finding import LibraryError, System, find_library
from drivers.fiscal.atol_lib.place import Place
from drivers.hosts.messages import MessageError
from drivers.hosts.result import Result
from drivers.transports.base import Clock
from drivers.transports.host_program import host_program
from drivers.transports.process import HostProcess, Program
from drivers.transports.tap import Direction, Trace
from protocol.wire.atol.codes import Handling, describe
from protocol.wire.atol.json_text import Json, JsonError, dumps

LOAD_TIME = 30.0  # seconds; a virus scanner reads the library first
OPEN_TIME = 30.0  # the library gives up by itself within a second, but for a peer that takes no connection
CLOSE_TIME = 5.0
LOST = frozenset({Handling.LINK, Handling.LIBRARY})
"""Codes of a changing task after which the library is ended: alive it might find the device, and still deliver."""
LAST_WORDS = 12  # lines of the host's stderr beside an error: the trace of a crash and what stood before it
RECEIPT_CLOSED = 0
BESIDE = "libusb-1.0.so.0"  # stands beside the library where it is not installed system-wide


class FptrRunner:
    """A ``TaskRunner`` for one device. ``program``: what to start instead of the host for this library. ``trace`` hears
    the text of every task and of every answer, in UTF-8. ``until``: the clock's moment after which nothing is asked."""

    traits = Traits(can_cancel=True)

    def __init__(
        self,
        place: Place,
        clock: Clock,
        *,
        system: System | None = None,
        program: Program | None = None,
        trace: Trace | None = None,
        until: float | None = None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._system = system or System()
        self._program = program
        self._listener = trace
        self._until = until
        self._host: HostProcess | None = None
        self._beside: Mapping[str, str] = {}

    def load(self) -> LibraryFacts:
        """Find the library and load it in a new process; no device is asked yet. Raises ``NotSent``:
        ``driver_missing``, ``driver_bitness``, ``driver_failed``."""
        self.close()
        python = Path(self._place.python) if self._place.python else None
        try:
            path = find_library(self._place.library, python or Path(sys.executable), self._system)
        except LibraryError as error:
            raise NotSent(error.code, error.detail) from error
        self._host = HostProcess(self._program or host_program("fptr10", python), self._clock)
        self._beside = {"LibraryPath": str(path.parent)} if (path.parent / BESIDE).is_file() else {}
        with self._ready():
            self._host.start()
            return LibraryFacts(self._ask("load", {"path": str(path)}, max_time=LOAD_TIME).text)

    def open(self) -> LibraryFacts:
        """``load``, and connect to the device. Raises ``NotSent``, also ``device_offline``, ``port_busy`` and
        ``bad_address`` (settings that the library does not take)."""
        facts = self.load()
        with self._ready():
            settings = {**self._beside, **self._place.settings}
            result = self._ask("open", {"settings": settings}, max_time=OPEN_TIME)
            if result.code:
                raise _denied(result)
        return facts

    @property
    def pid(self) -> int | None:
        """Of the host process, if there is one."""
        return self._host.pid if self._host else None

    def close(self) -> None:
        """Never raises. The library is asked to let the port go; whether or not it does, its process ends."""
        host, self._host = self._host, None
        if host is None:
            return
        if host.alive:
            with suppress(DeviceError):
                host.call("close", {}, max_time=CLOSE_TIME)
        host.end()

    def run(self, task: Mapping[str, Json], *, max_time: float, changing: bool) -> Any:
        name = _name(task)
        try:
            text = dumps(task)
        except JsonError as error:
            raise Refused("bad_parameter", f"{name}: {error}") from error
        self._trace("tx", text)
        result = self._judged(name, "process_json", {"text": text}, max_time=max_time, changing=changing)
        return answer_of(result.text)

    def cancel_receipt(self, *, max_time: float) -> None:
        self._judged("cancelReceipt", "cancel_receipt", {}, max_time=max_time, changing=True)

    def receipt_open(self, *, max_time: float) -> bool:
        result = self._judged("receiptState", "receipt_type", {}, max_time=max_time, changing=False)
        return result.number != RECEIPT_CLOSED

    def validate(self, task: Mapping[str, Json]) -> None:
        """Have the library check a task, for which it need only be loaded. Raises ``Refused``: ``bad_parameter`` names
        the field, ``unsupported`` where this version has no validator for the task."""
        text = {"text": dumps(task)}
        self._judged(f"{_name(task)}, checked", "validate_json", text, max_time=LOAD_TIME, changing=False)

    # --- the host ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _ready(self) -> Iterator[None]:
        """Opening asks and changes nothing: whatever goes wrong, no command of ours has left."""
        try:
            yield
        except DeviceError as error:
            words = "; ".join(self._host.last_words[-LAST_WORDS:]) if self._host else ""
            self.close()
            raise _not_opened(error, words) from error

    def _judged(
        self, name: str, command: str, arguments: Mapping[str, Any], *, max_time: float, changing: bool
    ) -> Result:
        try:
            result = self._ask(command, arguments, max_time=max_time)
        except InDoubt as doubt:
            raise InDoubt(doubt.code, f"{name}: {doubt.detail}", remaining=QUIET if changing else 0.0) from doubt
        if result.code:
            error = verdict(result.code, f"{name}: {result.words}", changing=changing, remaining=QUIET)
            lost = isinstance(error, InDoubt) and describe(result.code).handling in LOST
            if changing and lost and self._host is not None:
                self._host.end()
            raise error
        return result

    def _ask(self, command: str, arguments: Mapping[str, Any], *, max_time: float) -> Result:
        if self._host is None:
            raise NotSent("device_offline", f"{command}: not connected")
        if self._until is not None:
            max_time = min(max_time, self._until - self._clock.now())
        if max_time <= 0:
            raise NotSent("device_offline", f"{command}: no answer within the time for one address")
        value = self._host.call(command, arguments, max_time=max_time)
        try:
            result = Result.from_value(value)
            self._trace("rx", result.text if not result.code else f"{result.code} {result.words}")
            return result
        except MessageError as error:
            raise InDoubt("bad_reply", f"{command}: {error}") from error

    def _trace(self, direction: Direction, text: str) -> None:
        if self._listener is not None:
            self._listener(self._clock.now(), direction, text.encode("utf-8", "replace"))


def _denied(result: Result) -> NotSent:
    """What the library says to ``open``; where it is its own fault our word for the code would blame the device."""
    known = describe(result.code)
    own_fault = known.handling is Handling.LIBRARY and known.code != "bad_address"
    code = "driver_failed" if own_fault else known.code
    return NotSent(code, f"open: {known.name}: {result.words}", vendor=str(result.code))


def _not_opened(error: DeviceError, last_words: str) -> NotSent:
    if isinstance(error, NotSent) and error.code != "driver_failed":
        return error
    code = "device_offline" if error.code == "no_reply" else "driver_failed"
    detail = f"{error.detail} ({last_words})" if last_words else error.detail
    return NotSent(code, detail, vendor=error.vendor)


def _name(task: Mapping[str, Json]) -> str:
    return str(task.get("type", "task"))
