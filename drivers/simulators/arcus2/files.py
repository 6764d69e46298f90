"""What a run writes: the result, the slip, the values, and what an automatic cancel has come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.simulators.arcus2.ini import OUTPUT, Settings
from drivers.simulators.programs.running import Left

FORM_FEED = "\f"


@dataclass(frozen=True, slots=True)
class Answer:
    """``values`` are the lines of ``output.dat``; what is empty is not written."""

    rc: str
    values: Sequence[str] = ()
    slips: Sequence[str] = ()
    cancel_rc: str = ""
    cancel_slip: str = ""

    def left(self, settings: Settings) -> Left:
        """The result comes last, when all the rest is there."""
        separator = settings.keys.get("CHEQ_SEPARATOR")
        between = f"{separator}\n" if separator else FORM_FEED
        verdict = settings.name("RESULT_FILE")
        texts = [
            (settings.name("CANCEL_CH_FILE"), self.cancel_slip),
            (settings.name("CANCEL_RC_FILE"), self.cancel_rc),
            (settings.name("CHEQ_FILE"), between.join(self.slips)),
            (OUTPUT, "".join(f"{value}\n" for value in self.values)),
            (verdict, self.rc),
        ]
        files = [(name, _bytes(text, settings.encoding)) for name, text in texts if text]
        return Left(tuple(files), verdict=verdict, listing=OUTPUT)


def _bytes(text: str, encoding: str) -> bytes:
    return text.replace("\n", "\r\n").encode(encoding, "replace")
