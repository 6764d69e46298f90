"""A recorded host's side played to a fresh simulated register, up to the first answer that differs.

Compared is what was asked and whether it was granted, not the values: another register has other numbers. What the
trace hides of the host's words is put back (the usual password), or stays hidden (a buyer's contact, card data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agent.support.trace.readers import Piece, Reader
from agent.support.trace.record import Record, Trace
from agent.support.trace.recorded import Difference, named
from drivers.transports.base import Clock, LinkError, Transport

PATIENCE = 2.0
"""Seconds for an answer of the simulator beyond what the device needed then."""
CHUNK = 4096
UNSAID = frozenset({"fill", "waiting", "at work"})
"""Frames of the device that stand for nothing, or for its own pace."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """``records``: how many were played; ``values``: answers whose values differ though their verdicts agree."""

    records: int
    of: int
    values: int
    difference: Difference | None


def _as_it_is(data: bytes) -> bytes:
    return data


def _shtrih(data: bytes) -> bytes:
    from agent.support.trace.shtrih import with_password

    return with_password(data)


def _atol(data: bytes) -> bytes:
    from agent.support.trace.atol import with_password

    return with_password(data)


@dataclass(frozen=True, slots=True)
class Simulated:
    """``family`` is the simulator's name; ``spoken`` gives the host's frame as the simulator takes it."""

    family: str
    spoken: Callable[[bytes], bytes]


SIMULATED: Mapping[str, Simulated] = MappingProxyType(
    {
        "shtrih": Simulated("shtrih", _shtrih),
        "atol-wire": Simulated("atol", _atol),
        "atol-web": Simulated("atol-web", _as_it_is),
    }
)
"""By driver. The vendor's library cannot be simulated: it is played to no simulator."""


def replay(
    trace: Trace, transport: Transport, reader: Reader, spoken: Callable[[bytes], bytes], clock: Clock
) -> Replayed:
    """Play until the trace ends or differs. Raises ``LinkError`` when the simulator cannot be opened."""
    records = trace.records
    values = at = 0
    is_open = False
    try:
        while at < len(records):
            record = records[at]
            at += 1
            match record.way:
                case "open":
                    transport.open()
                    is_open = True
                case "close":
                    transport.close()
                    is_open = False
                case "tx" | "rx":
                    if not is_open:  # the ring begins in the middle of a connection
                        transport.open()
                        is_open = True
                    if record.way == "rx":
                        continue  # heard before anything was asked
                    wanted = list(_answers(records, at))
                    data = spoken(record.data)
                    reader.feed("tx", data)
                    heard = _hear(transport, reader, clock, data, len(wanted), _took(record, wanted))
                    for number, one in enumerate(wanted):
                        got = heard[number] if number < len(heard) else None
                        if got is None or (got.command, got.result) != (one.command, one.result):
                            place = records.index(one, at - 1) + 1
                            return Replayed(at, len(records), values, Difference(place, named(one), _said(got)))
                        values += got.data != one.data
        return Replayed(at, len(records), values, None)
    finally:
        transport.close()


def _answers(records: tuple[Record, ...], at: int) -> Iterator[Record]:
    """What the device said before it was spoken to again."""
    for record in records[at:]:
        if record.way != "rx":
            return
        if record.command not in UNSAID:
            yield record


def _took(asked: Record, answers: list[Record]) -> float:
    return max((answer.mono - asked.mono for answer in answers), default=0.0)


def _hear(transport: Transport, reader: Reader, clock: Clock, data: bytes, count: int, took: float) -> list[Piece]:
    heard: list[Piece] = []
    try:
        transport.write(data)
        deadline = clock.now() + took + PATIENCE
        while len(heard) < count and clock.now() < deadline:
            chunk = transport.read(CHUNK, deadline)
            heard += [piece for piece in reader.feed("rx", chunk) if piece.command not in UNSAID] if chunk else []
    except LinkError:
        pass  # the line is gone: what was heard until then is compared
    return heard


def _said(piece: Piece | None) -> str:
    if piece is None:
        return "nothing"
    return " ".join(word for word in ("rx", piece.command, piece.result) if word) + f": {piece.data.hex(' ')}"
