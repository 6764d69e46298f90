"""What can be wrong with the files of a run, though the operation itself went well. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from drivers.simulators.programs.running import Left

WAYS: Sequence[str] = (
    "whole",  # as they should be
    "missing",  # none of them
    "no-verdict",  # the one that says how it went
    "only-verdict",  # all the others: no slip
    "empty",  # the verdict has no bytes
    "torn",  # the verdict ends in its middle, or after ``keep`` bytes, and the program broke down
    "garbage",  # rubbish in all of them
    "short",  # the values behind the first ``keep`` (1) are missing
    "stale",  # those of the run before
    "stale-rest",  # the verdict is this run's, all the others are those of the run before
    "foreign",  # those of another program's operation, which was the last one there
)


def spoiled(left: Left, how: str, before: Left | None, keep: int | None, random: Random) -> Left:
    """``before``: what the run before has left."""
    files, verdict, listing = dict(left.files), left.verdict, left.listing
    if how == "missing":
        files = {}
    elif how == "no-verdict":
        files.pop(verdict, None)
    elif how == "only-verdict":
        files = {name: data for name, data in files.items() if name == verdict}
    elif how == "empty":
        files[verdict] = b""
    elif how == "torn":
        files[verdict] = files[verdict][: (len(files[verdict]) + 1) // 2 if keep is None else keep]
    elif how == "garbage":
        files = {name: random.randbytes(max(16, len(data) // 2)) for name, data in files.items()}
    elif how == "short":
        files[listing] = b"".join(files.get(listing, b"").splitlines(keepends=True)[: keep or 1])
    elif how in ("stale", "stale-rest"):
        old = dict(before.files) if before is not None else {}
        files = old if how == "stale" else {**old, verdict: files[verdict]}
    return replace(left, files=tuple(files.items()))
