"""What every behaviour works with, of whatever device: verdicts, what must not happen, the check of what it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Generic, TypeVar

from drivers.conformance.place import AnyBench, AnyDesk, D, SettingWord, T
from drivers.errors import DeviceError, InDoubt, NotSent, Refused

V = TypeVar("V", bound=DeviceError)


class Undeclared(Exception):
    """A behaviour used something that it does not say it needs: a mistake of the suite, not of the driver."""


class AnyStage(ABC, Generic[D, T]):
    """A fresh device of the bench, set up as the behaviour needs it. Use it once, then ``close``."""

    def __init__(self, bench: AnyBench, needs: frozenset[StrEnum]) -> None:
        settings = frozenset(need for need in needs if isinstance(need, SettingWord))
        self.bench = bench
        self.used: set[StrEnum] = set(settings)
        self._needs = needs
        self._prepare(settings)

    @abstractmethod
    def _prepare(self, settings: frozenset[SettingWord]) -> None:
        """Have the bench make its desk."""

    @property
    @abstractmethod
    def at(self) -> AnyDesk[D, T]:
        """The desk."""

    def close(self) -> None:
        self.at.close()

    def declared(self, need: StrEnum) -> None:
        """It is going to be used."""
        self.used.add(need)
        if need not in self._needs:
            raise Undeclared(str(need))

    # --- the desk ----------------------------------------------------------------------------------------------------

    @property
    def driver(self) -> D:
        return self.at.driver

    def truth(self) -> T:
        return self.at.truth()

    def now(self) -> float:
        return self.at.now()

    def sleep(self, seconds: float) -> None:
        self.at.sleep(seconds)

    # --- verdicts ----------------------------------------------------------------------------------------------------

    def in_doubt(self, call: Callable[[], object]) -> InDoubt:
        return self._raises(InDoubt, call, ())

    def refused(self, call: Callable[[], object], *codes: str) -> Refused:
        """Any code when none is given."""
        return self._raises(Refused, call, codes)

    def not_sent(self, call: Callable[[], object], *codes: str) -> NotSent:
        return self._raises(NotSent, call, codes)

    def verdict(self, call: Callable[[], object]) -> DeviceError | None:
        """``None``: it returned normally. Whatever else is raised is foreign, and goes on."""
        try:
            call()
        except (NotSent, Refused, InDoubt) as verdict:
            return verdict
        return None

    def _raises(self, expected: type[V], call: Callable[[], object], codes: Sequence[str]) -> V:
        verdict = self.verdict(call)
        assert isinstance(verdict, expected), f"expected {expected.__name__}, got {verdict!r}"
        self.expect(verdict, *codes)
        return verdict

    @staticmethod
    def expect(verdict: DeviceError, *codes: str) -> None:
        """One of the codes; any when none is given."""
        assert not codes or verdict.code in codes, f"expected the code {' or '.join(codes)}, got {verdict!r}"
        assert verdict.code, "a verdict has a code"

    # --- what must not happen ----------------------------------------------------------------------------------------

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Not a byte goes to the device."""
        before = self.at.bytes_sent()
        yield
        sent = self.at.bytes_sent() - before
        assert sent == 0, f"{sent} bytes were sent"

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Nothing of the device's memory changes, on paper neither."""
        before = self.truth()
        yield
        after = self.truth()
        assert after == before, "the device is not as it was before"

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """It ends within the bench's patience."""
        before = self.now()
        yield
        took = self.now() - before
        assert took <= self.bench.patience, f"took {took:.0f} s, at most {self.bench.patience:.0f} s are allowed"
