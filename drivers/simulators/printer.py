"""The printing mechanism: queue, paper, cover. Time is an argument; numbers of ``stage`` are Shtrih-M's submodes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from drivers.simulators.faults import Fault
from drivers.simulators.paper import WIDTH, Paper, Row, Slip

IDLE, NO_PAPER_IDLE, PAPER_OUT, PAPER_BACK, PRINTING = 0, 1, 2, 3, 5


@dataclass(slots=True)
class PrinterState:
    jobs: list[Slip] = field(default_factory=list)  # not printed to the end yet
    stage: int = 0  # 0 idle, 2 paper ran out while printing, 3 paper is back, 5 printing
    strip: list[Row] = field(default_factory=list)  # free text on the tape since the last cut
    slips: int = 0  # pieces of paper that are not documents
    spoiled: int = 0


class Printer:
    """Prints one slip after another, ``print_time`` seconds each. All times are ``clock.monotonic()``."""

    def __init__(self, state: PrinterState, paper: Paper, print_time: float, now: float) -> None:
        self._state = state
        self._paper = paper
        self._print_time = print_time
        self._started = now
        self._lines = 0  # since the simulator started
        self._paper_out: list[Fault] = []
        self._loaded = True
        self._load_at: float | None = None
        self._cover_until: float | None = None
        self.changed = False
        self.columns = WIDTH
        self.power_on(now)

    # --- what the register asks ---

    def submode(self) -> int:
        if self._state.stage == IDLE and not self._ready:
            return NO_PAPER_IDLE
        return self._state.stage

    @property
    def has_paper(self) -> bool:
        return self._loaded

    @property
    def cover_open(self) -> bool:
        return self._cover_until is not None

    @property
    def _ready(self) -> bool:
        return self._loaded and self._cover_until is None

    def print(self, slip: Slip, now: float) -> None:
        """Queue a document; free text that stands on the tape comes out on top of it."""
        rows = [*self._state.strip, *slip.rows]
        self._state.strip = []
        self._state.jobs.append(replace(slip, rows=rows))
        if self._state.stage == IDLE:
            self._state.stage = PRINTING if self._ready else PAPER_OUT
            self._started = now
        self.tick(now)

    def add(self, rows: list[Row]) -> None:
        """Onto the tape; it comes out with the next document or cut."""
        self._state.strip += rows

    def cut(self, now: float) -> None:
        if self._state.strip:
            self.print(Slip(self.free_name(), columns=self.columns), now)

    def free_name(self) -> str:
        self._state.slips += 1
        return f"n{self._state.slips}"

    def resume(self, now: float) -> bool:
        """The host wants the interrupted slip: it is printed again from its first row."""
        self.tick(now)
        if self._state.stage != PAPER_BACK:
            return False
        self._state.stage = PRINTING
        self._started = now
        self.tick(now)
        return True

    # --- what happens to it ---

    def power_on(self, now: float) -> None:
        """Printing goes on by itself; a slip that was in the printer starts again."""
        self._started = now
        if self._state.stage == PAPER_OUT and self._ready:
            self._state.stage = PAPER_BACK

    def take_paper(self, now: float, load: float | None = None) -> None:
        """The roll ends now; a new one comes after ``load`` seconds, or by ``load_paper``."""
        self.tick(now)
        self._loaded, self._load_at = False, None if load is None else now + load
        if self._state.stage == PRINTING:
            self._spoil(self._state.jobs[0].rows[: self._printed(now)])
        self._media(now)

    def load_paper(self, now: float) -> None:
        self._loaded, self._load_at = True, None
        self.tick(now)

    def close_cover(self, now: float) -> None:
        self._cover_until = None
        self.tick(now)

    def pace(self, now: float, print_time: float) -> None:
        self.tick(now)
        self._print_time = print_time

    def forget_faults(self) -> None:
        self._paper_out.clear()

    def open_cover(self, now: float, seconds: float | None) -> None:
        """For so long, or until ``close_cover``."""
        self.tick(now)
        self._cover_until = math.inf if seconds is None else now + seconds
        if self._state.stage == PRINTING:
            self._spoil(self._state.jobs[0].rows[: self._printed(now)])

    def add_fault(self, fault: Fault) -> None:
        """Its line is counted from here on."""
        line = self._lines + fault.integer("line", 1)
        self._paper_out.append(Fault(fault.name, {**fault.params, "line": line}))

    def tick(self, now: float) -> None:
        """Everything that is due by ``now``; ``changed`` says that the state moved."""
        self._media(now)
        while self._state.stage == PRINTING:
            job = self._state.jobs[0]
            fault = self._fault_within(len(job.rows))
            if fault is not None:
                rows = fault.integer("line", 1) - self._lines
                at = self._started + self._print_time * rows / max(1, len(job.rows))
                if at > now:
                    return
                self._paper_out.remove(fault)
                self._lines += rows
                self._loaded = False
                load = fault.text("load")
                self._load_at = None if load is None else at + float(load)
                self._spoil(job.rows[:rows])
                self._media(now)
            elif self._started + self._print_time <= now:
                self._paper.put(job)
                self._state.jobs.pop(0)
                self._lines += len(job.rows)
                self._started += self._print_time
                self._state.stage = PRINTING if self._state.jobs else IDLE
                self.changed = True
            else:
                return

    def deadline(self) -> float | None:
        if self._state.stage == PRINTING:
            job = self._state.jobs[0]
            fault = self._fault_within(len(job.rows))
            rows = fault.integer("line", 1) - self._lines if fault else len(job.rows)
            return self._started + self._print_time * rows / max(1, len(job.rows))
        waits = [when for when in (self._load_at, self._cover_until) if when is not None and when < math.inf]
        return min(waits) if waits else None

    # --- inside ---

    def _media(self, now: float) -> None:
        if self._load_at is not None and self._load_at <= now:
            self._loaded, self._load_at = True, None
        if self._cover_until is not None and self._cover_until <= now:
            self._cover_until = None
        if self._state.stage == PAPER_OUT and self._ready:
            self._state.stage = PAPER_BACK
            self.changed = True
        elif self._state.stage == PAPER_BACK and not self._ready:
            self._state.stage = PAPER_OUT
            self.changed = True

    def _fault_within(self, rows: int) -> Fault | None:
        near = [fault for fault in self._paper_out if self._lines < fault.integer("line", 1) <= self._lines + rows]
        return min(near, key=lambda fault: fault.integer("line", 1)) if near else None

    def _printed(self, now: float) -> int:
        rows = len(self._state.jobs[0].rows)
        if self._print_time <= 0:
            return rows
        return min(rows, int(rows * (now - self._started) / self._print_time))

    def _spoil(self, rows: list[Row]) -> None:
        self._state.stage = PAPER_OUT
        self._state.spoiled += 1
        self.changed = True
        name = f"{self._state.jobs[0].name}-spoiled{self._state.spoiled}"
        self._paper.put(Slip(name, [*rows, Row("ДОКУМЕНТ НЕДЕЙСТВИТЕЛЕН")], columns=self.columns))
