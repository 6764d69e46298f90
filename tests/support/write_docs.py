"""The parts of ``docs/`` that are made from the code: ``python -m tests.support.write_docs`` writes them anew.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; everything else is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from agent.procedures import operation, plain, precheck, reading, receipt
from agent.procedures.asks import Answer
from agent.support.tail.machine import TABLE as TAIL_TABLE
from protocol.crm.job_machine import TABLE
from protocol.crm.link_machine import AGENT_TABLE, SERVER_TABLE
from protocol.crm.machine import as_markdown
from protocol.crm.messages import DURABLE, TYPES
from protocol.wire.shtrih.errors import MEMORY, VENDOR, Generation, describe
from tests.support import error_docs

P = TypeVar("P", bound=StrEnum)
DOCS = Path(__file__).parents[2] / "docs"
_NEVER = "–"  # an answer that cannot come
_PART = re.compile(r"(<!-- generated: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def messages_table() -> str:
    """Every message with its fields, as the models define them."""
    rows = ["| type | durable | signed | fields |", "| --- | --- | --- | --- |"]
    for name, model in TYPES.items():
        signed = (
            "by the job key" if "kid" in model.model_fields else "by the agent" if "sig" in model.model_fields else ""
        )
        rows.append(f"| `{name}` | {'yes' if name in DURABLE else ''} | {signed} | {_fields(model)} |")
    return "\n".join(rows) + "\n"


def _fields(model: type[BaseModel]) -> str:
    fields = model.model_fields.items()
    return ", ".join(f"`{name}`" + ("" if field.is_required() else "?") for name, field in fields if name != "sig")


def procedure_table(table: Mapping[tuple[P, Answer], Callable[..., object]]) -> str:
    """Phase by answer: the handler; and below, what the handlers say of themselves."""
    rows = ["| phase | " + " | ".join(Answer) + " |", "| --- " * (len(Answer) + 1) + "|"]
    for phase in dict.fromkeys(phase for phase, _ in table):
        rows.append(f"| {phase.value} | " + " | ".join(_name(table[phase, answer]) for answer in Answer) + " |")
    handlers = {_name(handler): handler.__doc__ for handler in table.values() if handler.__doc__}
    handlers.pop(_NEVER, None)
    told = [f"- *{name}*: {' '.join(text.split())}" for name, text in sorted(handlers.items())]
    return "\n".join([*rows, "", *told]) + "\n"


def _name(handler: Callable[..., object]) -> str:
    name = handler.__name__.strip("_").replace("_", " ")
    return _NEVER if name == "impossible" else name


def shtrih_errors(table: Mapping[int, object], generation: Generation) -> str:
    """Every error byte: our word, the meaning in both languages, what to do, whether the command may be sent again."""
    rows = ["| byte | code | значение | meaning | что делать | advice | safe to repeat |", "| --- " * 7 + "|"]
    for info in (describe(error, generation) for error in sorted(table)):
        told = (info.ru, info.en, info.advice_ru, info.advice_en, "yes" if info.safe_to_repeat else "**no**")
        rows.append(f"| {info.vendor} | `{info.code}` | " + " | ".join(told) + " |")
    return "\n".join(rows) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "job machine": lambda: as_markdown(TABLE),
    "agent link": lambda: as_markdown(AGENT_TABLE),
    "server link": lambda: as_markdown(SERVER_TABLE),
    "watched log": lambda: as_markdown(TAIL_TABLE),
    "messages": messages_table,
    "codes": error_docs.codes_table,
    "receipt rules": error_docs.rules_table,
    "command codes": error_docs.commands_table,
    "receipt procedure": lambda: procedure_table(receipt.TABLE),
    "precheck": lambda: procedure_table(precheck.TABLE),
    "operation procedure": lambda: procedure_table(operation.TABLE),
    "plain procedure": lambda: procedure_table(plain.TABLE),
    "reading procedure": lambda: procedure_table(reading.TABLE),
    "shtrih errors": lambda: shtrih_errors(VENDOR, Generation.DRIVE),
    "shtrih errors before drives": lambda: shtrih_errors(MEMORY, Generation.MEMORY),
}
PAGES = ("crm-protocol.md", "desk.md", "errors.md", "job-machine.md", "procedures.md", "drivers/shtrih.md")


def filled(page: str) -> str:
    """The page with every generated part made anew. Raises ``KeyError`` for a part of no known name."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found['name']]()}\n{found[3]}", page)


def parts_of(page: str) -> set[str]:
    return {found["name"] for found in _PART.finditer(page)}


def main() -> None:
    for name in PAGES:
        path = DOCS / name
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
