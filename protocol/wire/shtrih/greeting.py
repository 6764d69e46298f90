"""Who is there, and which of the two lower levels does it speak? Asked on a channel just opened, before any command.

A device keeps the lower level that the first byte after power-up chose: ENQ (05h) or STX protocol 1, 8Fh protocol 2
(protocol 2.0, "alternative lower level"). Neither side is disturbed by the other's question: before STX a device of
protocol 1 ignores everything but ENQ, outside a frame one of protocol 2 everything but 8Fh. So both are asked in turn,
ENQ first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from protocol.wire.shtrih.exchange import Exchange, Limits
from protocol.wire.shtrih.exchange2 import NumberedExchange
from protocol.wire.steps import NotDelivered, Replied, Step

STANDARD = 1
NUMBERED = 2


class Greeting:
    """``start`` once, then ``received`` or ``timed_out`` until a step carries a verdict: ``Replied`` without fields, or
    ``NotDelivered``. Then ``speaks``, ``last`` and ``stale`` say what was found."""

    def __init__(self, protocols: Sequence[int], limits: Limits) -> None:
        """``protocols``: 1 and 2 in the order of asking, each ``limits.enquiries`` times."""
        self.frames_sent = 0  # no command is ever sent
        self.speaks = 0
        self.last: int | None = None  # protocol 2: number of the device's last command
        self.stale: list[bytes] = []
        self._tries = list(protocols) * limits.enquiries
        self._limits = replace(limits, enquiries=1)
        self._inner: Exchange | NumberedExchange
        self._why = "device_offline"
        self._unanswered = 0  # ENQs
        self._settling = False

    def start(self) -> Step:
        return self._try(b"")

    def received(self, chunk: bytes) -> Step:
        return Step() if self._settling else self._after(self._inner.received(chunk))

    def timed_out(self) -> Step:
        return Step(verdict=Replied(b"")) if self._settling else self._after(self._inner.timed_out())

    def _try(self, before: bytes) -> Step:
        self.speaks = self._tries.pop(0)
        if self.speaks == STANDARD:
            self._unanswered += 1
            self._inner = Exchange(None, 0.0, self._limits)
        else:
            self._inner = NumberedExchange(None, 0.0, self._limits)
        step = self._inner.start()
        return replace(step, send=before + step.send)

    def _after(self, step: Step) -> Step:
        if step.verdict is None:
            return step
        self.stale += self._inner.stale
        match step.verdict:
            case NotDelivered("device_offline" | "line_noise" as why):
                self._why = "line_noise" if why == "line_noise" else self._why
                if self._tries:
                    return self._try(step.send)
                return Step(step.send, None, NotDelivered(self._why))
            case Replied():
                return self._found(step)
            case _:
                return step  # busy with an earlier command

    def _found(self, step: Step) -> Step:
        if isinstance(self._inner, NumberedExchange):
            self.last = self._inner.last
        elif self._unanswered > 1:
            # Answers to the earlier ENQs may still come. After a command's frame they would pass for answers to it.
            self._settling = True
            return Step(step.send, self._limits.control)
        return step
