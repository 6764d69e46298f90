"""What the agent imports is taken for permanent, and the search for garbage goes on afterwards."""

from __future__ import annotations

import subprocess
import sys

SAYS = """
import gc
from agent.loading import loading
{before}
with loading():
    print(gc.isenabled())
    from agent.tray import words
print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.collect() < 1_000)
try:
    with loading():
        import agent.no_such_module
except ImportError:
    print(gc.isenabled())
"""


def said(before: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SAYS.format(before=before)], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_nothing_is_searched_while_modules_are_loaded() -> None:
    assert said("") == ["False", "True True True", "True"]


def test_whoever_had_it_off_keeps_it_off() -> None:
    assert said("gc.disable()") == ["False", "False True True", "False"]


def test_the_agent_runs_with_its_search_on() -> None:
    """The command itself; without a paired PC it ends at once, behind its imports."""
    code = (
        "import gc, sys\nfrom agent.cli import main\n"
        "sys.argv[1:] = ['agent', 'run', '--no-tray', '--config', 'no-such-folder/config.toml']\n"
        "print(main(), gc.isenabled(), gc.get_freeze_count() > 50_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["2", "True", "True"]
