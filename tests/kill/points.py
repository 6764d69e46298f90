"""The commit points of agent and server, read from what their code commits, not from a list made by hand.

The agent's points are the functions that commit the journal and the events of the records that are written in them;
the server's are the functions that open a writing transaction and, for what agents say, the message's types. Names are
those of ``tests.support.dying``. ``EXEMPT`` holds what the storm does not bring about, each with its reason; a name in
it that the code no longer has is as wrong as a point that was never reached.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from protocol.crm.job_machine import TABLE, JobEvent
from protocol.crm.machine import Choice, Refusal, Rule

ROOT = Path(__file__).resolve().parents[2]
WRITES_ITS_EVENT = {"write_job": 1, "write_device": 1, "update_device": 1, "_note": 0}
"""Which argument of these names the record's event."""


def agent_points() -> set[str]:
    found = {event.value for event in JobEvent if _writes(event, "A ")}
    for path in (ROOT / "agent").rglob("*.py"):
        for function, node in _calls(path):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name == "commit" and _receiver(node).endswith("journal"):
                found.add(function)
            if name in WRITES_ITS_EVENT and len(node.args) > WRITES_ITS_EVENT[name]:
                found |= _text(node.args[WRITES_ITS_EVENT[name]])
            if name == "append" and len(node.args) > 1 and isinstance(node.args[1], ast.Dict):
                pairs = zip(node.args[1].keys, node.args[1].values, strict=True)
                found |= {event for key, value in pairs if key is not None and "event" in _text(key)
                          for event in _text(value)}  # fmt: skip
    return found


def server_points() -> set[str]:
    found = {"database:Database.migrate"}
    for path in (ROOT / "server").rglob("*.py"):
        for function, node in _calls(path):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if (name == "write" and _receiver(node).endswith("database")) or name in ("in_session", "_session"):
                found.add(function)
    found -= {"agents:in_session", "link:Connection._session"}  # only on the way to the function that asks
    return found | {f"link:Connection._deliver/{said}" for said in _types_of_agents()}


def _types_of_agents() -> set[str]:
    """What ``mirror.take`` tells apart, by the messages' names on the wire."""
    from protocol.crm.messages import DURABLE, NAMES

    tree = ast.parse((ROOT / "server/services/mirror.py").read_text("utf-8"))
    cases = {
        node.cls.id for node in ast.walk(tree) if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name)
    }
    return {name for kind, name in NAMES.items() if kind.__name__ in cases and name in DURABLE}


def _writes(event: JobEvent, side: str) -> bool:
    rules = (TABLE[state, event] for state, known in TABLE if known is event)
    return any(effect.value.startswith(side) for rule in rules for effect in _effects(rule))


def _effects(rule: object) -> Iterator[StrEnum]:
    match rule:
        case Rule(effects=effects):
            yield from effects
        case Choice():
            yield from _effects(rule.yes)
            yield from _effects(rule.no)
        case Refusal():
            return


def _text(node: ast.expr) -> set[str]:
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def _receiver(node: ast.Call) -> str:
    return ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with ``module:function`` around it as the interpreter names it."""

    def walk(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[str, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.ClassDef):
                inner = (*names, child.name)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = (*names, child.name, "<locals>")
            if isinstance(child, ast.Call):
                own = names[:-1] if names[-1:] == ("<locals>",) else names
                yield f"{path.stem}:{'.'.join(own)}", child
            yield from walk(child, inner)

    yield from walk(ast.parse(path.read_text("utf-8")), ())


EXEMPT: dict[str, dict[str, str]] = {
    "agent": {
        "bad_signature": "no server of ours says it: tests/agent/jobs/test_offers.py",
        "book:JobBook._note": "only a bad signature writes one: tests/agent/jobs/test_offers.py",
        "decision_contradicted": "a person's wrong word, and a register that shows it later: tests/agent/jobs",
        "book:JobBook.contradictions": "its other end",
        "cancel_waits": "a cancel just after a start, of a job from before it: tests/agent/jobs/test_cancelling.py",
        "book:JobBook.tick": "its end, when the register has been silent for a minute",
        "book:JobBook.at_this_pc": "a test print, which no server waits for: tests/e2e/test_support.py",
        **dict.fromkeys(
            ("book:JobBook.heard", "end_heard", "end_not_fitting", "heard_done", "heard_not_done", "receipt_sought"),
            "a disk that was restored from an older copy: tests/agent/jobs/test_heard.py",
        ),
        "held_too_long": "an hour at the least: tests/agent/jobs/test_bookkeeping.py",
        "paper_given_up": "half an hour without paper",
        "records_claimed": "two attempts that overtake each other: tests/agent/jobs",
        "local": "the command line's own process: tests/agent/cli/test_commands.py",
        "one_job:OneJob.carry_out": "the command line's own process: tests/agent/cli/test_commands.py",
        "local:_device": "the command line's own process: tests/agent/cli/test_commands.py",
    },
    "server": {
        "cli:_make_tenant": "the command line's own process: tests/server/test_cli.py",
        "cli:_done": "the command line's own process: tests/server/test_cli.py",
        "link:Connection._flush": "what could not leave with its commit: an older connection of the PC is open",
        "link:Connection._deliver_evidence": "a quarantined journal: tests/e2e/test_ownership.py",
        "agents:confirm_agent": "the end of a quarantine: tests/e2e/test_ownership.py",
    },
}
"""Who → point → why the storm does not bring it about, and where it is looked at instead."""
