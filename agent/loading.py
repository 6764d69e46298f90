"""The agent's many modules, loaded without Python looking for garbage meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Around imports. The search for garbage would go through all that has been loaded again and again, and find next
    to nothing; what is there at the end is taken for permanent, and no later search looks at it either. For programs
    that run long: what really is garbage by then (some hundred kilobytes) stays."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if searches:
            gc.enable()
