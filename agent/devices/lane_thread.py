"""The thread of one device: rounds one after another, waits that can be cut short, an end that gives the device back.

What a round does is the subclass's. A lane that meets a bug stops the process: the restart resolves from the journal.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

import structlog

from agent.jobs.permission import Clock

log = structlog.get_logger("lane")


class Interrupted(Exception):
    """A wait ended early: the process stops, or a person has decided."""


class LaneThread(ABC):
    def __init__(self, kkm_id: str, clock: Clock, on_crash: Callable[[BaseException], None]) -> None:
        self.kkm_id = kkm_id
        self._clock = clock
        self._on_crash = on_crash
        self._wake = threading.Condition()
        self._nudged = False
        self._stopping = False
        self._thread = threading.Thread(target=self._main, name=f"lane {kkm_id}", daemon=True)

    @abstractmethod
    def round(self) -> float:
        """One round: do what is next; return how long nothing needs to be looked at."""

    @abstractmethod
    def _cut_short(self) -> bool:
        """Whether a wait inside a procedure is over because of what has just happened."""

    @abstractmethod
    def _give_back(self) -> None:
        """The thread ends: the device is given back."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more; what has started goes on to its outcome, a wait is left to the next start."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def nudge(self) -> None:
        """Something may have changed for this lane: look."""
        with self._wake:
            self._nudged = True
            self._wake.notify_all()

    # --- the thread

    def _main(self) -> None:
        try:
            while not self._stopping:
                self._idle(self.round())
        except Interrupted:
            pass
        except BaseException as error:
            self._on_crash(error)  # first: the log itself may be what is broken
            log.exception("lane_crashed", kkm_id=self.kkm_id)
        finally:
            self._give_back()

    def _idle(self, pause: float) -> None:
        deadline = self._clock.monotonic() + pause
        with self._wake:
            while not (self._nudged or self._stopping):
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return
                self._wake.wait(left)
            self._nudged = False

    def _sleep(self, seconds: float) -> bool:
        """A wait inside a procedure; true when it was cut short, by stopping or by ``_cut_short``."""
        deadline = self._clock.monotonic() + seconds
        with self._wake:
            while not self._stopping:
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return False
                self._nudged = False
                self._wake.wait(left)
                if self._nudged and self._cut_short():
                    return True
            return True
