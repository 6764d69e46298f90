"""A transition table that is complete by construction: what the job machine and the link machine are made of.

Every (state, event) pair is a ``Rule`` (or a pair of rules chosen by a guard) or a ``Refusal`` with a name. A table is
built from the transitions that exist and, for each event, the name of the refusal everywhere else; ``complete`` fails
when a pair is missing, so that a new state or event cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Rule(Generic[S]):
    """Go to ``next`` (``None``: stay) and do ``effects``, in this order."""

    next: S | None
    effects: tuple[StrEnum, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice(Generic[S]):
    """``yes`` when the guard named ``guard`` holds, else ``no``."""

    guard: str
    yes: Rule[S] | Refusal
    no: Rule[S] | Refusal


@dataclass(frozen=True, slots=True)
class Refusal:
    """The event changes nothing in this state; ``code`` says why."""

    code: str


Cell = Rule[S] | Choice[S] | Refusal
Table = Mapping[tuple[S, E], Cell[S]]


def complete(
    states: Iterable[S],
    events: Iterable[E],
    transitions: Mapping[tuple[S, E], Cell[S]],
    refusals: Mapping[E, str | Mapping[S, str]],
) -> Table[S, E]:
    """The whole table. ``refusals[event]`` names the refusal in every state without a transition: one name for all, or
    a name per state. Raises ``LookupError`` on a pair that is neither, ``ValueError`` on one that is both."""
    table: dict[tuple[S, E], Cell[S]] = {}
    for state in states:
        for event in events:
            cell = transitions.get((state, event))
            named = refusals.get(event)
            name = named.get(state) if isinstance(named, Mapping) else named
            if cell is not None and isinstance(named, Mapping) and name is not None:
                raise ValueError(f"{state} x {event}: a transition and a refusal")
            if cell is None:
                if name is None:
                    raise LookupError(f"{state} x {event}: neither a transition nor a refusal")
                cell = Refusal(name)
            table[state, event] = cell
    return table


def as_markdown(table: Table[S, E]) -> str:
    """The table as the docs print it: transitions one a row, refusals gathered by event."""
    rows = ["| state | event | next | writes and sends |", "| --- | --- | --- | --- |"]
    refused: dict[str, dict[str, list[str]]] = {}
    for (state, event), cell in table.items():
        if isinstance(cell, Refusal):
            refused.setdefault(event.value, {}).setdefault(cell.code, []).append(state.value)
            continue
        branches: list[tuple[str, Rule[S] | Refusal]] = (
            [("", cell)]
            if isinstance(cell, Rule)
            else [(f"{cell.guard}: ", cell.yes), (f"not {cell.guard}: ", cell.no)]
        )
        for when, branch in branches:
            if isinstance(branch, Refusal):
                rows.append(f"| {state.value} | {event.value} | {when}refused | `{branch.code}` |")
            else:
                target = branch.next.value if branch.next is not None else "same"
                effects = ", ".join(effect.value for effect in branch.effects) or "none"
                rows.append(f"| {state.value} | {event.value} | {when}{target} | {effects} |")
    rows += ["", "| event | refused as | in |", "| --- | --- | --- |"]
    for event_name, codes in refused.items():
        for code, where in codes.items():
            rows.append(f"| {event_name} | `{code}` | {', '.join(where)} |")
    return "\n".join(rows) + "\n"
