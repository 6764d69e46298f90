"""Who speaks when: commands of the cash register, and procedures in which the terminal is master. No bytes of a line.

A procedure is a generator. It yields what it wants and is resumed when that has happened:

- ``Say(apdu)``: a command of the terminal; resumed with the answer, or with ``None`` when none came within T3, also
  after ``repeats``;
- ``Pause(seconds)``: time for customer, bank or printer; with ``abortable`` the cash register's 06 B0 may end it, which
  raises ``Aborted`` inside;
- ``Hang()``: nothing more is said, until the line is gone or ``HUNG`` seconds are over.

When the line is lost ``LinkLost`` is raised inside. Whatever it does then goes to nobody. The next command is taken
when the procedure has ended; until then it is answered «please wait» (84 9C).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from drivers.simulators.zvt import codes, commands, fields
from drivers.simulators.zvt.apdu import ACCEPTED, Apdu, refused
from drivers.simulators.zvt.fields import BadData, digits

if TYPE_CHECKING:
    from drivers.simulators.zvt.device import ZvtTerminal

HUNG = 300.0
"""Seconds after which a terminal that hangs starts anew by itself."""


@dataclass(frozen=True, slots=True)
class Say:
    apdu: Apdu
    wait: float = codes.T3
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float
    abortable: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    pass


Wish: TypeAlias = Say | Pause | Hang
Procedure: TypeAlias = Generator[Wish, Apdu | None, None]


class Aborted(Exception):
    """06 B0 has come while it could still end the procedure."""


class LinkLost(Exception):
    """Nobody hears what is said."""


class Level(Protocol):
    """What carries units over a line."""

    @property
    def closed(self) -> bool: ...

    def transmit(self, apdu: Apdu) -> None: ...


class Session:
    """One terminal's conversation. ``network``: a line that ends takes its procedure along; a serial one has no end."""

    def __init__(self, device: ZvtTerminal, *, network: bool) -> None:
        self._device = device
        self._network = network
        self._level: Level | None = None
        self._procedure: Procedure | None = None
        self._wish: Wish | None = None
        self._repeated = 0
        self._turn = 0  # what a timer was set for; an older one does nothing
        self._abort_wanted = False
        self._orphan = False  # the procedure has lost its line
        self._sent = 0  # the last sequence number of our own
        self._heard: tuple[bytes, Apdu] | None = None  # the last numbered command, and what answered it

    @property
    def running(self) -> bool:
        return self._procedure is not None

    @property
    def linked(self) -> bool:
        """Whether somebody hears the procedure."""
        return self._level is not None and not self._level.closed and not self._orphan

    # --- the line ---

    def attach(self, level: Level) -> None:
        self._level = level

    def look(self) -> None:
        """Whether the line has gone meanwhile."""
        if self._level is not None and self._level.closed:
            self._level = None
            if self._network:
                self.lost()

    def lost(self) -> None:
        """Nothing reaches the cash register any more, or nothing comes from it. Told to a procedure once."""
        if self.running and not self._orphan:
            self._orphan = True
            self._throw(LinkLost())

    def cut(self) -> None:
        """End the line; a procedure that does so knows it."""
        self._orphan = self.running
        self._level = None
        self._device.hang_up()

    def forget(self) -> None:
        """Without power. A procedure in which it failed has to return."""
        self._ended()
        self._level = self._heard = None
        self._sent = 0

    def renumber(self) -> None:
        """After a registration both sides count anew."""
        self._sent = 0
        self._heard = None

    # --- what comes ---

    def received(self, apdu: Apdu) -> None:
        if isinstance(self._wish, Hang):
            return
        if apdu.is_answer:
            self._answered(apdu)
            return
        number = self._number_of(apdu)
        if number is not None and self._heard is not None and number == self._heard[0]:
            self._transmit(self._heard[1])  # the same command once more: what was said gets lost
            return
        self._command(apdu, number)

    def _command(self, apdu: Apdu, number: bytes | None) -> None:
        device, word = self._device, codes.WORDS.get(apdu.code, "other")
        if device.mutes(word):
            return
        if device.strikes("drop", word) is not None:
            device.hang_up()
            return
        refuse = device.strikes("refuse", word)
        begun: Callable[[], Procedure] | None = None
        if refuse is not None:
            answer = refused(refuse.integer("error"))
        elif device.strikes("busy", word) is not None:
            answer = refused(codes.PLEASE_WAIT)
        elif apdu.code == codes.ABORT:
            answer, begun = self._abort()
        elif self.running:
            answer = refused(codes.PLEASE_WAIT)
        else:
            answer, begun = device.obey(apdu)
        if number is not None:
            answer = _numbered(answer, number)
            self._heard = (number, answer)
        if device.strikes("ack-lost out", word) is None:
            self._transmit(answer)
        if begun is not None:
            self.begin(begun())

    def _abort(self) -> tuple[Apdu, Callable[[], Procedure] | None]:
        """Accepted at any time; whether it still helps the procedure decides, or it is too late."""
        if self.running:
            self._abort_wanted = True
            self._after(0.0, self._look_at_abort, keep=True)
        return ACCEPTED, None

    def _look_at_abort(self) -> None:
        if self._abort_wanted and isinstance(self._wish, Pause) and self._wish.abortable:
            self._abort_wanted = False
            self._throw(Aborted())

    def _answered(self, apdu: Apdu) -> None:
        if not isinstance(self._wish, Say):
            return  # to nothing, or too late
        number = self._number_of(apdu)
        if number is not None and digits(number) != self._sent:
            return  # to an earlier one
        if self._device.strikes("ack-lost in", codes.WORDS.get(self._wish.apdu.code, "other")) is not None:
            return
        self._resume(apdu)

    # --- what is done ---

    def begin(self, procedure: Procedure) -> None:
        self._procedure = procedure
        self._abort_wanted = False
        self._resume(None)

    def _resume(self, answer: Apdu | None) -> None:
        assert self._procedure is not None
        self._turn += 1
        try:
            wish = self._procedure.send(answer)
        except (StopIteration, LinkLost):
            self._ended()
        else:
            self._grant(wish)

    def _throw(self, error: Exception) -> None:
        if self._procedure is None:
            return
        self._turn += 1
        try:
            wish = self._procedure.throw(error)
        except (StopIteration, LinkLost):
            self._ended()
        else:
            self._grant(wish)

    def _ended(self) -> None:
        self._turn += 1
        self._procedure = self._wish = None
        self._abort_wanted = self._orphan = False

    def _grant(self, wish: Wish) -> None:
        if self._procedure is None:
            return  # the power has failed inside of it
        self._wish = wish
        match wish:
            case Say(apdu, wait, _):
                self._repeated = 0
                if self._numbers(apdu):
                    self._sent += 1
                    apdu = _numbered(apdu, fields.bcd(self._sent, 3))
                self._say(apdu, wait)
            case Pause(seconds, abortable):
                if abortable and self._abort_wanted:
                    self._look_at_abort()
                else:
                    self._after(seconds, lambda: self._resume(None))
            case Hang():
                self._after(HUNG, self.lost)

    def _say(self, apdu: Apdu, wait: float) -> None:
        turn = self._turn
        self._transmit(apdu)
        if turn == self._turn and self._procedure is not None:
            self._after(wait, lambda: self._unanswered(apdu, wait))

    def _unanswered(self, apdu: Apdu, wait: float) -> None:
        assert isinstance(self._wish, Say)
        if self._repeated < self._wish.repeats:
            self._repeated += 1
            self._say(apdu, wait)
        else:
            self._resume(None)

    def _transmit(self, apdu: Apdu) -> None:
        if self._level is not None:
            self._level.transmit(apdu)

    def _after(self, seconds: float, action: Callable[[], None], *, keep: bool = False) -> None:
        """Unless something else has happened by then; ``keep``: that does not matter."""
        turn = self._turn

        def act() -> None:
            if keep or turn == self._turn:
                action()

        self._device.after(seconds, act)

    def _numbers(self, apdu: Apdu) -> bool:
        """A line of text has no room for a number; the completion of the registration has the one that it echoes."""
        own = any(each.startswith(codes.SEQUENCE.to_bytes(2, "big")) for each in apdu.objects)
        return self._device.sequenced and not own and apdu.code != codes.PRINT_LINE

    def _number_of(self, apdu: Apdu) -> bytes | None:
        if not self._device.sequenced:
            return None
        try:
            return commands.fields_of(apdu).tag(codes.SEQUENCE)
        except BadData:
            return None


def _numbered(apdu: Apdu, number: bytes) -> Apdu:
    return replace(apdu, objects=(*apdu.objects, fields.tag(codes.SEQUENCE, number)))
