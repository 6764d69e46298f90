"""A dialogue with a sans-I/O exchange: expected sends and injected events alternate; a failure shows both dialogues.

``play(exchange, sends("05"), hears("15"), sends(frame), silence(), …, ends(verdict))``
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


class SansIO(Protocol):
    def start(self) -> Any: ...

    def received(self, chunk: bytes) -> Any: ...

    def timed_out(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Line:
    kind: str  # "sends", "ends": expected; "hears", "silence": injected
    data: bytes = b""
    verdict: Any = None
    wait: float | None = None

    def __str__(self) -> str:
        if self.kind == "ends":
            return f"= {self.verdict!r}"
        return f"{ {'sends': '→', 'hears': '←', 'silence': '…'}[self.kind] } {self.data.hex(' ')}".rstrip()


def sends(data: bytes | str) -> Line:
    return Line("sends", _bytes(data))


def hears(data: bytes | str) -> Line:
    return Line("hears", _bytes(data))


def silence() -> Line:
    return Line("silence")


def ends(verdict: Any) -> Line:
    return Line("ends", verdict=verdict)


def play(exchange: SansIO, *script: Line, byte_by_byte: bool = False) -> None:
    """Inject what the script injects, note what the exchange does, and compare."""
    happened: list[Line] = []
    _note(happened, exchange.start())
    for line in script:
        if line.kind in ("sends", "ends"):
            continue
        happened.append(line)
        if line.kind == "silence":
            _note(happened, exchange.timed_out())
            continue
        for chunk in _chunks(line.data, byte_by_byte):
            _note(happened, exchange.received(chunk))
    wanted, got = [str(line) for line in script], [str(line) for line in happened]
    if wanted != got:
        diff = "\n".join(difflib.unified_diff(wanted, got, "expected", "happened", lineterm="", n=99))
        raise AssertionError(f"the dialogue went differently:\n{diff}")


def _note(happened: list[Line], step: Any) -> None:
    if step.send:
        happened.append(sends(step.send))
    if step.verdict is not None:
        happened.append(ends(step.verdict))


def _chunks(data: bytes, byte_by_byte: bool) -> Iterable[bytes]:
    return (data[i : i + 1] for i in range(len(data))) if byte_by_byte else (data,)


def _bytes(data: bytes | str) -> bytes:
    return bytes.fromhex(data) if isinstance(data, str) else data
