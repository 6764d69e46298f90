"""What a script may do to a running device: one line of words, one answer. The same for tests and for a process.

As a process (``--control``): a JSON line ``{"do": "clock +25h"}`` on stdin, and one on stdout,
``{"do": "clock +25h", "ok": true, …}`` or ``{"do": …, "ok": false, "error": "…"}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drivers.simulators import ofd
from drivers.simulators.clock import offset
from drivers.simulators.faults import kopecks as roubles
from drivers.simulators.faults import parse

if TYPE_CHECKING:
    from drivers.simulators.appliance import Appliance
    from drivers.simulators.case import Case

    Register = Appliance[Any, Any]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise ValueError("a number from 0 up")
    return value


@dataclass(frozen=True, slots=True)
class Word:
    act: Callable[[Any, Any], None]
    """Of the device, whose kind has this word, and the argument."""
    help: str
    argument: Callable[[str], Any] | None = None
    metavar: str = ""
    default: str | None = None  # of the argument; ``None``: it must be given


def _look(_device: Case[Any], _: object) -> None:
    """The answer tells."""


def _switch_off(device: Register, receipt: str) -> None:
    device.power_off(annulled=receipt == "annulled")


def _receipt(text: str) -> str:
    if text not in ("kept", "annulled"):
        raise ValueError("kept or annulled")
    return text


def _ofd(device: Register, lag: float | None) -> None:
    now = device.register.now()
    device.register.drive.unsent(now)  # what was due before is confirmed
    ofd.switch(device.state.drive.ofd, lag, now)
    device.save()


COMMON: dict[str, Word] = {
    "status": Word(_look, "nothing but the answer"),
    "power-on": Word(lambda device, _: device.power_on(), "switch on"),
    "hang-up": Word(lambda device, _: device.hang_up(), "cut the connection"),
    "clock": Word(lambda device, by: device.move_clock(by), "move the device's clock", offset, "+25h"),
    "fault": Word(lambda device, fault: device.inject(fault), "add a fault", parse, "SPEC"),
    "no-faults": Word(lambda device, _: device.forget_faults(), "forget the faults that have not struck"),
}
REGISTER_WORDS: Mapping[str, Word] = COMMON | {
    "power-off": Word(_switch_off, "switch off; the open receipt is kept or annulled", _receipt, "RECEIPT", "kept"),
    "paper-out": Word(lambda device, _: device.take_paper(), "the roll ends"),
    "paper-in": Word(lambda device, _: device.load_paper(), "a new roll"),
    "cover-open": Word(lambda device, _: device.open_cover(), "open the cover"),
    "cover-close": Word(lambda device, _: device.close_cover(), "close the cover"),
    "print-time": Word(lambda device, s: device.print_slowly(s), "seconds to print a slip", _number, "S"),
    "ofd-off": Word(lambda device, _: _ofd(device, None), "the operator (ОФД) is out of reach"),
    "ofd-on": Word(_ofd, "it confirms documents S seconds after they were made", _number, "S", str(ofd.DEFAULT_LAG)),
}
TERMINAL_WORDS: Mapping[str, Word] = COMMON | {
    "power-off": Word(lambda device, _: device.power_off(), "switch off"),
    "unplug": Word(lambda device, _: device.unplug(), "pull the cable to the PC; the terminal stays alive"),
    "plug": Word(lambda device, _: device.plug(), "put it back"),
    "paper-out": Word(lambda device, _: device.take_paper(), "the roll of the terminal's printer ends"),
    "paper-in": Word(lambda device, _: device.load_paper(), "a new roll"),
    "card-in": Word(lambda device, _: device.leave_card(), "somebody leaves a card in the terminal"),
    "card-out": Word(lambda device, _: device.take_card(), "and takes it out"),
    "foreign": Word(lambda device, kopecks: device.foreign(kopecks), "another program's payment", roubles, "100.00"),
    "close-day": Word(lambda device, _: device.close_day(), "the terminal settles by itself"),
    "settlement-due": Word(lambda device, _: device.demand_settlement(), "the terminal wants a settlement first"),
    "mismatch": Word(lambda device, _: device.upset_totals(), "the next settlement's totals differ"),
    "change-terminal": Word(lambda device, _: device.change_terminal(), "another terminal is put up here"),
}
KINDS: Mapping[str, Mapping[str, Word]] = {
    "every device": COMMON,
    "registers": {name: word for name, word in REGISTER_WORDS.items() if name not in COMMON},
    "card terminals": {name: word for name, word in TERMINAL_WORDS.items() if name not in COMMON},
}
"""For a help text."""


def perform(device: Case[Any], order: str) -> dict[str, Any]:
    """Carry out ``WORD [ARGUMENT]``; what the device looks like then. Raises ``ValueError`` that says what is wrong."""
    name, _, text = order.strip().partition(" ")
    word = device.hands.get(name)
    if word is None:
        raise ValueError(f"unknown word {name!r}; known words: {', '.join(device.hands)}")
    text = text.strip() or word.default or ""
    if word.argument is None:
        if text:
            raise ValueError(f"{name!r} takes nothing behind it")
        word.act(device, None)
    else:
        try:
            value = word.argument(text)
        except ValueError as error:
            raise ValueError(f"{name} {text!r}: expected {error}") from error
        word.act(device, value)
    device.tick()
    return device.status()


def answer(device: Case[Any], line: str) -> str:
    """One line of a control channel and the line that answers it; never raises for what is written there."""
    order: object = line.strip()
    try:
        read = json.loads(line)
        order = read.get("do") if isinstance(read, dict) else None
        if not isinstance(order, str):
            raise ValueError('expected {"do": "WORD [ARGUMENT]"}')
        reply: dict[str, Any] = {"do": order, "ok": True, **perform(device, order)}
    except (ValueError, RecursionError) as error:
        reply = {"do": order if isinstance(order, str) else None, "ok": False, "error": str(error)}
    return json.dumps(reply, ensure_ascii=False)
