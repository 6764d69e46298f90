"""An operation of the disk fails, once or from then on: the journal stops, and what was committed is still there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from agent.journal.records import RecordKind
from agent.journal.store import JournalFailed
from tests.disk.examining import examine
from tests.disk.faulty import ERRORS, Fault, FaultyDisk
from tests.disk.life import LIFE, SHORT_LIFE, Life, Steps
from tests.disk.platter import Op, Platter

# What may go wrong with an operation, by its kind.
WRONG: dict[str, tuple[tuple[str, Fault], ...]] = {
    "write": (
        ("error once", Fault(0)),
        ("error from now on", Fault(0, forever=True)),
        ("half written, then an error", Fault(0, half=True)),
        ("no space once", Fault(0, full=True)),
        ("half written, then no space from now on", Fault(0, full=True, half=True, forever=True)),
    ),
    "sync": (("error once", Fault(0)), ("error from now on", Fault(0, forever=True))),
    "truncate": (("error once", Fault(0)), ("error from now on", Fault(0, forever=True))),
    "delete": (("error once", Fault(0)), ("error from now on", Fault(0, forever=True))),
}


def undisturbed(folder: Path, steps: Steps) -> Life:
    """A life without faults: where a fault can be."""
    folder.mkdir()
    disk = FaultyDisk()
    try:
        life = Life(folder, disk)
        life.lives(steps)
        life.ends()
    finally:
        disk.close()
    return life


def faults(ops: list[Op], *, all_of_them: bool) -> Iterator[tuple[str, Fault]]:
    """Each operation with everything that may go wrong with it, or with one thing in turn; syncs always with all."""
    turn = 0
    for at, op in enumerate(ops):
        wrong = WRONG.get(op.kind, ())
        if wrong and not all_of_them and op.kind == "write":
            turn += 1
            wrong = (wrong[turn % len(wrong)],)
        for name, fault in wrong:
            yield f"operation {at}, {op.kind} of {op.name}: {name}", replace(fault, at=at)


def struck(folder: Path, disk: FaultyDisk, fault: Fault, steps: Steps) -> tuple[Life, bool]:
    """A life with this fault; whether the journal stopped."""
    disk.fault = fault
    life = Life(folder, disk)
    try:
        life.lives(steps)
    except JournalFailed:
        return life, True
    life.ends()
    return life, False


def stays_stopped(life: Life) -> None:
    """The same handle is never tried again."""
    if life.journal is None:
        return
    before = len(life.disk.ops)
    for _ in range(2):
        with pytest.raises(JournalFailed):
            life.journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "again"}))
        with pytest.raises(JournalFailed):
            life.journal.read(lambda tx: tx.head())
    assert len(life.disk.ops) == before, "something was written after the failure"


def the_next_process_goes_on(life: Life) -> None:
    """It opens what the first left, makes one more promise, and is cut off by the power at once."""
    allowed = life.promised
    journal = life.opens()
    if allowed.state != "nothing yet":
        assert allowed.allows(life.promised.state), "a committed record was lost, or half a transaction shows"
    journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "the next process"}))


def left_behind(life: Life, chance: Random, damages: int) -> list[dict[str, bytes]]:
    platter = Platter()
    for op in life.disk.ops:
        platter.feed(op)
    return [platter.image(chance) for _ in range(1 if platter.certain() else damages)]


def strikes(folder: Path, fault: Fault, steps: Steps, damages: int, *, closes: bool = False) -> bool:
    """One life with one fault, and what comes after; ``closes``: the process still closes the file, and is not just
    gone. Whether the journal stopped."""
    disk, spare = FaultyDisk(), FaultyDisk()
    home, left = folder / "home", folder / "left"
    home.mkdir(exist_ok=True)
    left.mkdir(exist_ok=True)
    for old in home.iterdir():
        old.unlink()
    try:
        life, stopped = struck(home, disk, fault, steps)
        assert disk.fault_met
        if stopped:
            stays_stopped(life)
        if closes:
            life.ends()
        life.is_killed()
        for image in left_behind(life, Random(fault.at), damages):
            examine(left, image, spare, life.promised)
        the_next_process_goes_on(life)
        for image in left_behind(life, Random(fault.at), damages):
            examine(left, image, spare, life.promised)
        life.is_killed()
    finally:
        disk.close()
        spare.close()
    return stopped


def strike_all(folder: Path, steps: Steps, *, all_of_them: bool, damages: int) -> None:
    cases = stops = 0
    for name, fault in faults(undisturbed(folder / "undisturbed", steps).disk.ops, all_of_them=all_of_them):
        for closes in (False, True) if all_of_them else (cases % 2 == 0,):
            try:
                stops += strikes(folder, fault, steps, damages, closes=closes)
            except Exception as error:
                raise AssertionError(f"{name}; {closes=}") from error
            cases += 1
    print(f"{cases} faults, {stops} stopped the journal")
    assert stops > cases * 0.8, "most faults hit a commit"


def test_what_can_go_wrong_is_named_for_every_operation() -> None:
    assert WRONG.keys() == ERRORS.keys()


@pytest.mark.gate
def test_an_operation_fails_and_nothing_that_was_committed_is_lost(tmp_path: Path) -> None:
    strike_all(tmp_path, SHORT_LIFE, all_of_them=False, damages=1)


def test_what_a_failed_flush_left_in_memory_was_built_upon_and_took_later_commits_with_it(tmp_path: Path) -> None:
    """The system holds pages for clean whose flush failed: the next process read them from memory, wrote behind them,
    and a power cut cut off the log before its commits, too."""
    life = undisturbed(tmp_path / "undisturbed", SHORT_LIFE)
    opened_at = life.promises[1].ops
    flushes = [at for at, op in enumerate(life.disk.ops) if op.kind == "sync" and at >= opened_at]
    for flush in flushes[:3]:  # no checkpoint is near
        assert strikes(tmp_path, Fault(flush), SHORT_LIFE, damages=10)


@pytest.mark.long
@pytest.mark.timeout(36_000)
def test_every_operation_fails_in_every_way(tmp_path: Path) -> None:
    strike_all(tmp_path, LIFE, all_of_them=True, damages=3)
