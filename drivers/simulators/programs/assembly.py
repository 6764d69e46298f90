"""A bank's program with its terminal put together from options; see ``drivers.simulators.assembly``."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted

S = TypeVar("S")
D = TypeVar("D")


def put_together(
    wanted: Wanted, store: Store[S], new_state: Callable[..., S], device: Callable[..., D], options: Any
) -> D:
    """The device as its store remembers it, or one just installed; ``options`` are those of its make."""
    random = Random(wanted.seed)
    state = store.load() or new_state(random, terminal=wanted.terminal)
    return device(state, wanted.clock, random, store=store, faults=wanted.fault, options=options)
