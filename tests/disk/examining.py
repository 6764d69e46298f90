"""What must be true of whatever a dead process or a power cut left behind."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from agent.journal.inspect import verify
from agent.journal.records import RecordKind
from agent.journal.store import Journal
from tests.disk.faulty import FaultyDisk, installed
from tests.disk.life import Promise, state_of
from tests.support.crm import NOW


def examine(folder: Path, image: dict[str, bytes], disk: FaultyDisk, promise: Promise) -> None:
    """Put ``image`` into ``folder`` and open it: it holds what was promised and nothing by halves; the chain is whole;
    the projections are what the records add up to; and the journal goes on."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    path = folder / "journal.sqlite"
    with installed(disk), closing(Journal(path, now=lambda: NOW, new_id=lambda: "n", ballast=False)) as journal:
        state = journal.read(state_of)
        if promise.state != "nothing yet":
            assert promise.allows(state), "a committed record was lost, or half a transaction shows"
        journal.rebuild()
        assert journal.read(state_of) == state, "the projections are not what the records add up to"
        head = journal.read(lambda tx: tx.head())[0]
        assert journal.commit(lambda tx: tx.append(RecordKind.NOTE, {"event": "life goes on"})) == head + 1
    told = verify(path)
    assert told["ok"], told
    assert told["records"] == head + 1
