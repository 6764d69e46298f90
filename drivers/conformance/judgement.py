"""What is known of one behaviour at one bench: whether it applies, whether it can be shown, and whether it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from drivers.conformance.place import AnyBench
from drivers.conformance.showing import Undeclared
from drivers.conformance.suite import Behaviour


class State(StrEnum):
    DONE = "done"
    MISSING = "missing"  # the bench does not offer what is needed to show it
    EXEMPT = "exempt"  # the device cannot, by its nature
    FAILED = "failed"


class BadBench(ValueError):
    """A bench exempts what there is not, or without a reason."""


@dataclass(frozen=True, slots=True)
class Judged:
    state: State
    why: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One behaviour at one bench."""

    bench: AnyBench
    behaviour: Behaviour

    def standing(self) -> Judged:
        """Without running it: ``DONE`` stands for what has to be shown. Capabilities are those before ``connect``."""
        reason = self.bench.exempt.get(self.behaviour.name)
        if reason is not None:
            return Judged(State.EXEMPT, reason)
        if self.behaviour.able:
            desk = self.bench.make(frozenset())
            capabilities = desk.driver.capabilities
            with suppress(Exception):  # a disconnect that raises is for the behaviours to judge
                desk.close()
            unable = sorted(able for able in self.behaviour.able if not able.within(capabilities))
            if unable:
                return Judged(State.EXEMPT, "; ".join(unable))
        lacking = sorted(self.behaviour.needs - self.bench.offers)
        if lacking:
            return Judged(State.MISSING, "the bench does not offer: " + ", ".join(lacking))
        return Judged(State.DONE)

    def show(self) -> None:
        """Run it. Raises whatever the driver raises and ``AssertionError`` for what is not as it must be;
        ``Undeclared`` also when the behaviour says that it needs what it does not use."""
        stage = self.bench.suite.on(self.bench, self.behaviour.needs)
        try:
            self.behaviour.show(stage)
            unused = self.behaviour.needs - stage.used
            if unused:
                raise Undeclared(f"{self.behaviour.name} does not use {', '.join(sorted(unused))}")
        finally:
            stage.close()

    def judged(self) -> Judged:
        """Run it where it applies; nothing is raised."""
        standing = self.standing()
        if standing.state is not State.DONE:
            return standing
        try:
            self.show()
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            return Judged(State.FAILED, f"{type(error).__name__}: {first}")
        return standing

    def __str__(self) -> str:
        return f"{self.bench}-{self.behaviour.name}"


def cases(benches: Iterable[AnyBench]) -> list[Case]:
    """Every behaviour at every bench. Raises ``BadBench``."""
    found = []
    for bench in benches:
        known: Sequence[Behaviour] = bench.suite.behaviours()
        names = {each.name for each in known}
        strange = sorted(set(bench.exempt) - names)
        if strange:
            raise BadBench(f"{bench} exempts {', '.join(strange)}: there are no such behaviours")
        mute = sorted(name for name, reason in bench.exempt.items() if not reason.strip())
        if mute:
            raise BadBench(f"{bench} exempts {', '.join(mute)} without a reason")
        found += [Case(bench, each) for each in known]
    return found
