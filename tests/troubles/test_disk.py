"""The PC's disk fills up while a register makes a receipt, and stays full: the program ends, because it cannot keep
what became of it; the next start has the ballast's room, finds the receipt in the register's archive and tells of it,
and takes no new one until there is space again.

The data folder lies on a small disk of its own, a real one, which only root may mount.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import pytest

from agent.app import CRASHED, JOURNAL
from agent.journal.inspect import show_job
from agent.journal.store import BALLAST_BYTES, LOW_SPACE_BYTES
from tests.support.patience import BUSY
from tests.troubles.table import DISK_FULL, DISK_LOW
from tests.troubles.test_named import every_sale_has_one_document, named
from tests.troubles.workplace import Workplace, workplace

SLOWLY = "fault slow:command=FF45,seconds=2"
"""The register takes its time to close the receipt: CLOSING is on disk, and OUTCOME is still to come."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir()
    size = LOW_SPACE_BYTES + 2 * BALLAST_BYTES
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "small", str(folder)]
    mounted = subprocess.run(mounting, capture_output=True, text=True) if sys.platform == "linux" else None
    if mounted is None or mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: it takes root on Linux")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def fills_up(place: Workplace) -> Path:
    """Somebody else's file grows until nothing is left, whatever the agent writes beside it meanwhile; it is given back
    by taking it away."""
    filler = place.data / "film.mkv"
    with filler.open("wb", buffering=0) as file:
        for block in (1 << 20, 4096, 1):
            while fits(file, block):
                pass
    return filler


def fits(file: FileIO, block: int) -> bool:
    """The disk took the whole block."""
    try:
        return file.write(bytes(block)) == block
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


def closing(place: Workplace) -> bool:
    """CLOSING stands in the journal."""
    kept = show_job(place.data / JOURNAL, place.job)
    return kept is not None and bool(kept["job"]["closing"])


@pytest.mark.long
def test_a_disk_that_fills_up_in_the_middle_of_a_receipt(tmp_path: Path) -> None:
    with small_disk(tmp_path / "agent"), workplace(tmp_path) as place:
        place.free = free
        place.start()
        place.shop.bound(place.till)
        place.until(place.well, "a workplace in good health")
        place.sell()
        place.becomes("done")

        place.till.tell(SLOWLY)
        place.sell()
        place.until(lambda: closing(place), "the receipt is being closed")
        filler = fills_up(place)
        assert place.agent is not None
        assert place.agent.wait(BUSY) == CRASHED
        named(place, DISK_FULL)

        place.start()
        job = place.becomes("done", "human", "not_done")
        assert (job["state"], job["attempt"]) == ("done", 1), job
        place.sell()
        named(place, DISK_LOW)
        place.becomes(*DISK_LOW.ends)

        filler.unlink()
        place.until(place.well, "well again")
        place.sell()
        place.becomes("done")
        every_sale_has_one_document(place)
