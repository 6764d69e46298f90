"""The power goes at every write and every sync: what was committed is there, and nothing is there by halves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.disk.examining import examine
from tests.disk.faulty import FaultyDisk
from tests.disk.life import Life
from tests.disk.platter import Platter

DAMAGES = 2
LONG_DAMAGES = 100


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    made = FaultyDisk()
    yield made
    made.close()


def cuts(folder: Path, life: Life, damages: int, seed: int) -> int:
    """Cut the power after every operation of a life that has been lived; the number of different images."""
    platter, spare, images = Platter(), FaultyDisk(), 0
    try:
        for done, op in enumerate(life.disk.ops, 1):
            platter.feed(op)
            seen: set[int] = set()
            for damage in range(1 if platter.certain() else damages):
                image = platter.image(Random(f"{seed}-{done}-{damage}"))
                content = hash(tuple(sorted(image.items())))
                if content in seen:
                    continue
                seen.add(content)
                try:
                    examine(folder, image, spare, life.promised_at(done))
                except Exception as error:
                    raise AssertionError(f"seed {seed}, after operation {done} ({op.kind}), damage {damage}") from error
            images += len(seen)
            spare.ops.clear()
    finally:
        spare.close()
    return images


def lived(folder: Path, disk: FaultyDisk) -> Life:
    life = Life(folder, disk)
    life.lives()
    life.ends()
    return life


@pytest.mark.gate
def test_the_power_goes_at_every_write_and_sync(tmp_path: Path, disk: FaultyDisk) -> None:
    (tmp_path / "lived").mkdir()
    (tmp_path / "left").mkdir()
    life = lived(tmp_path / "lived", disk)
    images = cuts(tmp_path / "left", life, DAMAGES, seed=1)
    print(f"{len(disk.ops)} operations, {len(life.promises)} promises, {images} images")
    assert images > len(disk.ops), "the cuts left a choice"


def test_a_disk_that_only_says_it_synced_is_found_out(tmp_path: Path, disk: FaultyDisk) -> None:
    """The examination itself: without syncs committed records do get lost, and it says so."""
    (tmp_path / "lived").mkdir()
    (tmp_path / "left").mkdir()
    life = lived(tmp_path / "lived", disk)
    disk.ops[:] = [replace(op, kind="nothing", folder=False) if op.kind == "sync" else op for op in disk.ops]
    with pytest.raises(AssertionError, match="after operation"):
        cuts(tmp_path / "left", life, DAMAGES, seed=1)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_the_power_goes_at_every_write_and_sync_many_times(tmp_path: Path, disk: FaultyDisk, seed: int) -> None:
    (tmp_path / "lived").mkdir()
    (tmp_path / "left").mkdir()
    life = lived(tmp_path / "lived", disk)
    images = cuts(tmp_path / "left", life, LONG_DAMAGES // 4, seed=100 + seed)
    print(f"{len(disk.ops)} operations, {images} images")
