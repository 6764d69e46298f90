"""What holds for every module: imports one way, nothing happens on import, no hidden state, no endless file."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("agent", "drivers", "protocol", "server")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

LONG = {
    "agent/link/client.py": "carries out every effect of the link machine",
    "protocol/crm/messages.py": "one entry per message of the link",
    "protocol/wire/shtrih/commands.py": "one entry per command of the family",
}
LONGEST = 450
LONGEST_LISTED = 700

# Runs as a script: alembic executes it with a connection of its own. ``__main__`` is a program by definition.
SCRIPTS = {"server/store/migrations/env.py"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


# --- imports ---------------------------------------------------------------------------------------------------------


def test_imports_go_one_way() -> None:
    program = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


ALLOWED = {
    "protocol": {"pydantic", "pydantic_core", "protocol"},
    "agent": {
        "agent",
        "drivers",
        "protocol",
        "cryptography",
        "platformdirs",
        "pydantic",
        "pystray",
        "segno",
        "structlog",
        "websockets",
        "PIL",
    },
}


@pytest.mark.parametrize("package", ["protocol", "agent"])
def test_only_the_libraries_that_were_chosen_are_imported(package: str) -> None:
    """The core needs nothing but pydantic; the agent starts on an old PC and carries no server library."""
    allowed = ALLOWED[package] | set(sys.stdlib_module_names)
    foreign = {
        (name_of(path), imported)
        for path in MODULES
        if path.relative_to(ROOT).parts[0] == package
        for imported in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if imported not in allowed
    }
    assert foreign == set()


IMPURE = {
    "asyncio", "concurrent", "ctypes", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random",
    "secrets", "select", "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib", "uuid",
}  # fmt: skip


def test_the_core_has_no_clock_no_chance_no_files_no_sockets_no_threads() -> None:
    for path in MODULES:
        if path.relative_to(ROOT).parts[0] != "protocol":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not set(_imported(tree)) & IMPURE, name_of(path)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
                assert not (isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")), name_of(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "print", "input"), name_of(path)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


# --- importing starts nothing ----------------------------------------------------------------------------------------

# Every module is imported in one fresh interpreter whose audit hook notes what must not happen meanwhile.
WATCHED = """
import importlib, json, os, sys, threading
seen = []
LOUD = {"socket.connect", "socket.bind", "socket.listen", "subprocess.Popen", "os.system", "os.fork", "os.mkdir",
        "os.remove", "os.rename", "sqlite3.connect", "_thread.start_new_thread", "os.posix_spawn"}
def watch(event, args):
    if event in LOUD:
        seen.append([now[0], event, str(args)[:100]])
    elif event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.append([now[0], event, str(args)[:100]])
now = [""]
sys.addaudithook(watch)
for name in json.loads(sys.stdin.read()):
    now[0] = name
    importlib.import_module(name)
seen += [["after", "thread", thread.name] for thread in threading.enumerate() if thread is not threading.main_thread()]
print(json.dumps(seen))
"""


def test_importing_any_module_starts_nothing() -> None:
    names = [
        name_of(path)
        for path in MODULES
        if path.stem != "__main__" and path.relative_to(ROOT).as_posix() not in SCRIPTS
    ]
    assert len(names) > 100
    done = subprocess.run(
        [sys.executable, "-B", "-W", "error", "-c", WATCHED],
        cwd=ROOT, input=json.dumps(names), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert done.stderr == ""


@pytest.mark.parametrize("path", sorted((ROOT / "agent" / "jobs").glob("*.py")), ids=lambda path: path.stem)
def test_any_module_of_the_jobs_may_be_the_first_that_is_imported(path: Path) -> None:
    """Two that needed each other: a test print found the one half loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {name_of(path)}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


# --- size ------------------------------------------------------------------------------------------------------------


def test_a_module_is_one_concept_long() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES
    }
    too_long = {name for name, length in lengths.items() if length > (LONGEST_LISTED if name in LONG else LONGEST)}
    assert too_long == set(), "split it, or list it with the reason why it is one concept"
    assert {name for name in LONG if lengths.get(name, 0) <= LONGEST} == set(), "no longer long: take it off the list"


# --- no hidden state -------------------------------------------------------------------------------------------------

MAKERS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
LIVING = {"Lock", "RLock", "Condition", "Event", "Semaphore", "Queue", "SimpleQueue", "count", "local", "ContextVar",
          "Thread", "ThreadPoolExecutor", "WeakValueDictionary", "WeakKeyDictionary"}  # fmt: skip
CHANGERS = {"append", "add", "extend", "insert", "update", "pop", "popitem", "remove", "discard", "clear", "setdefault",
            "appendleft", "popleft", "sort", "reverse"}  # fmt: skip


def hidden_state(source: str) -> set[str]:
    """Names of module-level objects that can change after the import: the line that makes or changes them."""
    tree = ast.parse(source)
    mutable: set[str] = set()
    found: set[str] = set()
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        for name in (target.id for target in targets if isinstance(target, ast.Name)):
            maker = value.func if isinstance(value, ast.Call) else None
            made_by = (
                maker.attr if isinstance(maker, ast.Attribute) else maker.id if isinstance(maker, ast.Name) else ""
            )
            literal = isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))
            if literal or made_by in MAKERS:
                mutable.add(name)
                if name != name.upper() and not name.startswith("__"):
                    found.add(f"{name}: a table is written in capitals")
            if made_by in LIVING:
                found.add(f"{name}: {made_by}")
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        for part in ast.walk(function):
            if isinstance(part, ast.Global):
                found |= {f"{name}: global" for name in part.names}
            elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CHANGERS:
                found |= {f"{name}: {part.func.attr}" for name in _named(part.func.value) & mutable}
            elif isinstance(part, ast.Subscript) and isinstance(part.ctx, (ast.Store, ast.Del)):
                found |= {f"{name}: item" for name in _named(part.value) & mutable}
    return found


def _named(node: ast.AST) -> set[str]:
    return {node.id} if isinstance(node, ast.Name) else set()


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("TABLE = {1: 2}", 0),
        ("TABLE = {}\nfor x in 'ab':\n    TABLE[x] = 1", 0),
        ("cache = {}", 1),
        ("_seen = set()", 1),
        ("_SEEN = set()\ndef f(x):\n    _SEEN.add(x)", 1),
        ("T = {}\ndef f(x):\n    T[x] = 1", 1),
        ("T = {}\ndef f(x):\n    del T[x]", 1),
        ("n = 0\ndef f():\n    global n\n    n += 1", 1),
        ("import threading\nGUARD = threading.Lock()", 1),
        ("T = {}\ndef f(t):\n    t.update(T)", 0),
    ],
)
def test_the_search_for_hidden_state_finds_it(source: str, count: int) -> None:
    assert len(hidden_state(source)) == count


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_keeps_state(path: Path) -> None:
    assert hidden_state(path.read_text(encoding="utf-8")) == set()
