"""Words that pass by: what a register is doing, how it looks. Only the newest of each counts, so many of them become
one write; who is told nothing for a second has missed nothing."""

from __future__ import annotations

import math

from protocol.crm.messages import Health, Progress

PASSING = (Progress, Health)
WITHIN = 1.0  # seconds after which a word is written, if nothing else is before that


class Passing:
    """What one connection has heard and not written yet."""

    def __init__(self) -> None:
        self._newest: dict[tuple[type, str], Progress | Health] = {}
        self.due = math.inf
        """When it must be written, on the monotonic clock."""

    def hear(self, said: Progress | Health, now: float) -> None:
        of = said.job_id if isinstance(said, Progress) else said.kkm_id
        self._newest[type(said), of] = said
        self.due = min(self.due, now + WITHIN)

    def taken(self) -> list[Progress | Health]:
        newest, self._newest, self.due = list(self._newest.values()), {}, math.inf
        return newest
