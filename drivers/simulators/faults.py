"""Faults that a simulated device can be told to have: ``NAME[:key=value,…]``.

``parse`` turns one such text into a ``Fault`` or raises ``FaultSpecError`` that names what is wrong. ``Trigger``
counts commands for one fault; ``LineFaults`` damages bytes. Which make honours which fault is said by ``FAULTS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from drivers.simulators.clock import offset
from drivers.simulators.programs.spoiling import WAYS


class FaultSpecError(ValueError):
    """A fault that cannot be understood; the text is for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        value = self.params.get(key)
        return None if value is None else str(value)

    def integer(self, key: str, default: int = 0) -> int:
        return int(self.params.get(key, default))

    def seconds(self, key: str, default: float = 0.0) -> float:
        return float(self.params.get(key, default))


ALWAYS = 1 << 60


def _command(text: str) -> str:
    if re.fullmatch(r"[a-z]+(-?[A-Za-z0-9]+)*", text) and not re.fullmatch(r"[0-9a-f]{2}h?|[0-9a-f]{4}h?", text):
        return text
    code = text.upper().removesuffix("H")
    if len(code) not in (2, 4) or any(digit not in "0123456789ABCDEF" for digit in code):
        raise ValueError("a command code in hex, for example FF45 or E0, or a task's word, for example sell")
    return code


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("a whole number from 1 up")
    return int(text)


def _line(text: str) -> int:
    return 0 if text == "0" else _count(text)


def _times(text: str) -> int:
    return ALWAYS if text == "always" else _count(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise ValueError("seconds, for example 0.5")
    return value


def _byte(text: str) -> int:
    try:
        value = int(text, 16)
    except ValueError:
        value = -1
    if not 0 <= value <= 0xFF:
        raise ValueError("one byte in hex, for example 6B")
    return value


def kopecks(text: str) -> int:
    """``100`` or ``100.00`` -> kopecks."""
    roubles, _, kopecks = text.partition(".")
    if not roubles.isdecimal() or not (kopecks == "" or (kopecks.isdecimal() and len(kopecks) == 2)):
        raise ValueError("roubles, for example 100.00")
    return int(roubles) * 100 + int(kopecks or 0)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return read


Reader = Callable[[str], str | int | float]
_WHICH: dict[str, Reader] = {"command": _command, "nth": _count, "times": _times}
_YES_NO = _one_of("yes", "no")
_IN_OUT = _one_of("in", "out")
_WHEN = _one_of("before", "after")


@dataclass(frozen=True, slots=True)
class FaultKind:
    keys: Mapping[str, Reader]
    required: tuple[str, ...]
    help: str


FAULTS: Mapping[str, FaultKind] = {
    "answer-lost": FaultKind(
        {**_WHICH, "stored": _YES_NO, "drop": _YES_NO},
        (),
        "the command is executed, its reply is lost and the connection drops",
    ),
    "cut": FaultKind(
        {"after": _count, "direction": _one_of("in", "out", "both")}, ("after",), "the connection drops after byte N"
    ),
    "power": FaultKind(
        {
            "step": _count,
            "command": _command,
            "nth": _count,
            "when": _WHEN,
            "off": _seconds,
            "receipt": _one_of("kept", "annulled"),
        },
        (),
        "power fails at the N-th executed command, or before/after a certain one",
    ),
    "slow": FaultKind(
        {**_WHICH, "seconds": _seconds, "when": _WHEN},
        ("seconds",),
        "the command takes that long before it acts, or its reply after it has acted",
    ),
    "ack-lost": FaultKind(
        {**_WHICH, "direction": _IN_OUT}, (), "the ACK of a reply (in) or of a command (out) is lost; no protocol 2"
    ),
    "checksum": FaultKind({**_WHICH, "direction": _IN_OUT}, (), "the command (in) or its reply (out) comes damaged"),
    "clock": FaultKind({**_WHICH, "by": offset}, ("by",), "the device's clock jumps"),
    "busy": FaultKind(dict(_WHICH), (), "the command is refused: still printing, or the one before is not finished"),
    "late": FaultKind(
        {**_WHICH, "seconds": _seconds, "stored": _YES_NO},
        ("seconds",),
        "no acknowledgement, the connection drops, and the command is executed seconds later",
    ),
    "paper-out": FaultKind(
        {"line": _line, "load": _seconds}, (), "paper ends at the N-th printed line, or at once (0)"
    ),
    "cover": FaultKind({**_WHICH, "seconds": _seconds}, ("seconds",), "the cover stands open"),
    "mute": FaultKind({**_WHICH, "seconds": _seconds}, ("seconds",), "deaf and silent for a while"),
    "refuse": FaultKind({**_WHICH, "error": _byte}, ("error",), "the command is refused with that code"),
    "flip": FaultKind({"direction": _IN_OUT, "byte": _count, "mask": _byte}, ("byte",), "the N-th byte is damaged"),
    "noise": FaultKind(
        {"direction": _IN_OUT, "byte": _count, "count": _count},
        ("byte",),
        "random bytes come before the N-th byte",
    ),
    "nak": FaultKind(dict(_WHICH), (), "a good frame is answered as a damaged one and not executed"),
    "drop": FaultKind(dict(_WHICH), (), "the connection drops, and the command is not executed"),
    "full": FaultKind(dict(_WHICH), (), "no room in the buffer of tasks: the command is not taken (ATOL)"),
    "fail": FaultKind(
        {**_WHICH, "code": _count, "when": _WHEN},
        ("code",),
        "a task ends with that code of the library, a request with that HTTP status; executed or not (ATOL Web Server)",
    ),
    "restart": FaultKind(
        {**_WHICH, "when": _WHEN, "off": _seconds},
        (),
        "the server dies before or after a request or task and is back later (ATOL Web Server)",
    ),
    "twist": FaultKind(
        {**_WHICH, "into": str},
        ("into",),
        "an operation of a card terminal goes as certain kopecks would make it go",
    ),
    "files": FaultKind(
        {**_WHICH, "as": _one_of(*WAYS), "keep": _line, "exit": _line},
        (),
        "a vendor's program leaves its files otherwise than it should, or ends with that exit code",
    ),
    "result": FaultKind(
        {**_WHICH, "code": _line, "when": _WHEN},
        ("code",),
        "a vendor's program ends with that result code, though (after) or before the bank has booked anything",
    ),
    "auto-cancel": FaultKind(
        {**_WHICH, "ok": _YES_NO}, (), "the program takes an approved operation back by itself, or tries to (Arcus2)"
    ),
    "foreign": FaultKind(
        {"after": _count, "total": kopecks},
        ("after",),
        "after document N another program makes a receipt of its own; after operation N of a terminal a payment",
    ),
}


OF_PROGRAMS = frozenset({"files", "result", "auto-cancel"})
OF_TERMINALS = frozenset({"twist"}) | OF_PROGRAMS
"""Faults that no register can have."""


def parse(text: str) -> Fault:
    name, _, tail = text.partition(":")
    kind = FAULTS.get(name)
    if kind is None:
        raise FaultSpecError(f"unknown fault {name!r}; known faults: {', '.join(FAULTS)}")
    params: dict[str, str | int | float] = {}
    for part in tail.split(",") if tail else []:
        key, equals, value = part.partition("=")
        reader = kind.keys.get(key)
        if reader is None or not equals:
            raise FaultSpecError(f"fault {name!r}: {part!r} is not one of its keys; it takes {_keys(kind)}")
        try:
            params[key] = reader(value)
        except ValueError as error:
            raise FaultSpecError(f"fault {name!r}: {key}={value!r} must be {error}") from error
    missing = [key for key in kind.required if key not in params]
    if missing:
        raise FaultSpecError(f"fault {name!r}: {', '.join(missing)} must be given; it takes {_keys(kind)}")
    if name == "power" and ("step" in params) == ("command" in params):
        raise FaultSpecError("fault 'power': give either step or command")
    return Fault(name, params)


def _keys(kind: FaultKind) -> str:
    return ", ".join(f"{key}=…" for key in kind.keys)


class Trigger:
    """Says whether a fault strikes: from its ``nth`` matching command on, ``times`` in a row (1 and 1).

    A code matches those that it begins: ``91`` every register of an ATOL, ``9133`` one of them; a word
    matches itself."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0

    def hit(self, code: str) -> bool:
        command = self.fault.text("command")
        if command is not None and not (code == command if command[0].islower() else code.startswith(command)):
            return False
        self._seen += 1
        first = self.fault.integer("nth", 1)
        return first <= self._seen < first + self.fault.integer("times", 1)


class Triggers:
    """All faults of a device that are set off by commands, by name."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._by_name: dict[str, list[Trigger]] = {}
        for fault in faults:
            self._by_name.setdefault(fault.name, []).append(Trigger(fault))

    def add(self, fault: Fault, name: str | None = None) -> None:
        """``name``: what ``hit`` asks for, when it is not the fault's own."""
        self._by_name.setdefault(name or fault.name, []).append(Trigger(fault))

    def hit(self, name: str, code: str) -> Fault | None:
        """The first fault of this name that strikes at this command; every one of them counts the command."""
        struck = [trigger.fault for trigger in self._by_name.get(name, []) if trigger.hit(code)]
        return struck[0] if struck else None


class LineFaults:
    """Damage on the wire, counted in bytes since the fault was added (for one given at the start: since the start)."""

    def __init__(self, faults: Iterable[Fault], random: Random) -> None:
        self._random = random
        self._passed = {"in": 0, "out": 0}
        self._faults: list[tuple[Fault, dict[str, int]]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        self._faults.append((fault, dict(self._passed)))

    def forget(self) -> None:
        self._faults.clear()

    @property
    def calm(self) -> bool:
        """No fault waits: every byte passes as it is."""
        return not self._faults

    def passed(self, direction: str, count: int) -> None:
        """So many bytes have passed while it was calm."""
        self._passed[direction] += count

    def passing(self, direction: str, byte: int) -> tuple[bytes, bool]:
        """What is left of one byte, and whether the line breaks right after it."""
        self._passed[direction] += 1
        data = bytes([byte])
        broken = False
        for fault, before in self._faults:
            seen = {way: count - before[way] for way, count in self._passed.items()}
            if fault.name == "cut":
                where = fault.text("direction") or "both"
                counted = sum(seen.values()) if where == "both" else seen[where]
                broken |= where in (direction, "both") and counted == fault.integer("after")
            elif (fault.text("direction") or "out") == direction and seen[direction] == fault.integer("byte"):
                if fault.name == "flip":
                    data = bytes([byte ^ fault.integer("mask", 0xFF)])
                else:
                    data = self._random.randbytes(fault.integer("count", 1)) + data
        return data, broken
