"""The attendant that behaviours use: it writes down what it hears, and answers as it was told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.terminal_api import Progress, Transaction, Verdict


class Clerk:
    """``answers`` are given in turn to ``approved``, the last of them for ever. ``meanwhile`` is called in
    ``approved`` first, and may raise. ``stop`` tells at every look whether to call it off."""

    def __init__(
        self,
        *answers: Verdict,
        meanwhile: Callable[[], object] = lambda: None,
        stop: Callable[[Clerk], bool] | None = None,
    ) -> None:
        self._answers: Sequence[Verdict] = answers or (Verdict.KEEP,)
        self._meanwhile = meanwhile
        self._stop = stop
        self.heard: list[Progress] = []
        self.told: list[Transaction] = []
        self.looks = 0

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def approved(self, transaction: Transaction) -> Verdict:
        self.told.append(transaction)
        self._meanwhile()
        return self._answers[min(len(self.told), len(self._answers)) - 1]

    def abort_wanted(self) -> bool:
        self.looks += 1
        return self._stop is not None and self._stop(self)
