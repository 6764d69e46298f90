"""The state file: what a reader finds at any moment, and what a save costs."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from drivers.simulators import store as module
from drivers.simulators.store import Store, StoreError


@dataclass(frozen=True, slots=True)
class Document:
    number: int
    at: datetime


@dataclass(slots=True)
class Inner:
    documents: list[Document] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    open: bool = False


@dataclass(slots=True)
class Memory:
    name: str = "x"
    drive: Inner = field(default_factory=Inner)


GROWING = ("drive.documents", "drive.seen")
AT = datetime.fromisoformat("2026-11-22T10:00:00")


def reread(path: Path) -> Memory | None:
    return Store(path, Memory, GROWING).load()


def fill(memory: Memory, count: int) -> None:
    for _ in range(count):
        memory.drive.documents.append(Document(len(memory.drive.documents) + 1, AT))


def test_every_save_can_be_read_back(tmp_path: Path) -> None:
    path, memory = tmp_path / "deep" / "state.json", Memory()
    store = Store(path, Memory, GROWING)
    store.save(memory)
    for step in range(20):
        fill(memory, step % 3)
        memory.drive.seen += range(step % 2)
        memory.drive.open, memory.name = step % 2 == 0, f"step {step}"
        store.save(memory)
        assert reread(path) == memory
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_a_save_costs_what_has_changed(tmp_path: Path) -> None:
    """Otherwise two thousand receipts would write gigabytes."""
    path, memory = tmp_path / "state.json", Memory()
    fill(memory, 5_000)
    store = Store(path, Memory, GROWING)
    store.save(memory)
    whole = path.stat().st_size
    for _ in range(10):
        fill(memory, 1)
        store.save(memory)
    assert path.stat().st_size - whole < 10 * 300
    assert reread(path) == memory


def test_the_file_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENOUGH", 1_000)
    path, memory = tmp_path / "state.json", Memory()
    store = Store(path, Memory, GROWING)
    sizes = []
    for step in range(300):
        memory.name = f"{step}"
        store.save(memory)
        sizes.append(path.stat().st_size)
    assert max(sizes) < 2_000
    assert reread(path) == memory


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_cut_short_does_not_count(tmp_path: Path, cut: int) -> None:
    path, memory = tmp_path / "state.json", Memory()
    store = Store(path, Memory, GROWING)
    store.save(memory)
    fill(memory, 1)
    store.save(memory)
    before = reread(path)
    memory.drive.open = True
    store.save(memory)
    path.write_bytes(path.read_bytes()[:-cut])
    assert reread(path) == before
    again = Store(path, Memory, GROWING)
    found = again.load()
    assert found is not None
    fill(found, 1)
    again.save(found)  # whoever goes on writes a whole file first: nothing is appended to a torn line
    assert reread(path) == found


def test_a_list_that_was_emptied_or_exchanged_is_written_anew(tmp_path: Path) -> None:
    path, memory = tmp_path / "state.json", Memory()
    store = Store(path, Memory, GROWING)
    fill(memory, 3)
    store.save(memory)
    memory.drive.documents.clear()
    store.save(memory)
    assert reread(path) == memory
    fill(memory, 3)
    store.save(memory)
    memory.drive.documents[-1] = Document(99, AT)
    store.save(memory)
    assert reread(path) == memory


def test_a_file_of_an_older_version_is_one_whole_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"name": "old", "drive": {"documents": [{"number": 1, "at": "2026-11-22T10:00:00"}]}}))
    assert reread(path) == Memory("old", Inner([Document(1, AT)]))


@pytest.mark.parametrize(
    "content", ["{}\n{}\n", '{"drive": []}\n{"state": {}, "grown": {"drive.documents": []}}\n', "x\n1\n"]
)
def test_lines_of_something_else_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StoreError, match="not a state file"):
        reread(path)


def test_nothing_is_kept_without_a_path() -> None:
    store = Store(None, Memory, GROWING)
    store.save(Memory())
    assert store.load() is None
