"""Any bytes give values, or the parser's own error: nothing else, ever, and no parser is left out."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import is_json, spoilt, spoilt_json, stuffed
from tests.fuzz.parser import ROOT, Parser
from tests.fuzz.rows_atol_library import ATOL_LIBRARY
from tests.fuzz.rows_atol_wire import ATOL_WIRE
from tests.fuzz.rows_card_wires import CARD_WIRES
from tests.fuzz.rows_outside import AGENT, DRIVERS
from tests.fuzz.rows_programs import PROGRAMS
from tests.fuzz.rows_protocol import FFD, LINK, WIRE

TABLE: tuple[Parser, ...] = (*WIRE, *ATOL_WIRE, *ATOL_LIBRARY, *CARD_WIRES, *FFD, *LINK, *AGENT, *DRIVERS, *PROGRAMS)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))  # the long form: the same number for every parser

# What is called like a parser and takes bytes or text, and yet is none. Patterns of names.
EXEMPT = {
    "protocol.wire.*.decode": "a field's codec: unpack gives it exactly its bytes; every command's row reaches it",
    "agent.jobs.book:JobBook.receive": "gets messages that were parsed",
    "agent.journal.store:Transaction.records": "the journal's own records, by the name of a job",
    "drivers.simulators.line:Connection.receive": "feed and poll in one",
    "drivers.simulators.serving:Line.feed": "the interface",
    "drivers.transports.*.feed": "passes bytes on",
    "server.routers.browser:from_elsewhere": "asks whether headers are a certain word; nothing is taken apart",
    "server.keys:JobKey.from_seed": "the server's own key, from its own database",
    "drivers.fiscal.talk:Conversation.received": "passes on to the exchange",
}
CALLED_LIKE_PARSERS = re.compile(
    r"(parse|decode|unpack|verify|answer|received?|feed)(_\w+)?|(read|load|from)_\w+|next_(frame|numbered|packet)|records"
)
FROM_OUTSIDE = re.compile(r"bytes|bytearray|str|Path|object|ReceiveBuffer")
PACKAGES = ("agent", "drivers", "protocol", "server")


def ids(parser: Parser) -> str:
    return parser.name


def tried(parser: Parser, data: bytes) -> None:
    with TemporaryDirectory() as folder:
        try:
            parser.call(data, Path(folder))
        except parser.own as error:
            str(error)  # and it can be shown


@pytest.mark.timeout(36_000 if EXAMPLES else 300)
@pytest.mark.parametrize("parser", TABLE, ids=ids)
def test_any_bytes_give_values_or_the_parsers_own_error(parser: Parser) -> None:
    source = spoilt(parser.samples)
    if parser.json:
        source = st.one_of(spoilt_json([sample for sample in parser.samples if is_json(sample)]), source)

    @settings(
        max_examples=EXAMPLES or parser.examples, deadline=None, database=None, derandomize=not EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(source)
    def spoil(data: bytes) -> None:
        tried(parser, data)

    spoil()


@pytest.mark.parametrize("parser", TABLE, ids=ids)
def test_what_has_broken_other_parsers_breaks_none_of_these(parser: Parser) -> None:
    for data in stuffed(parser.samples[:4]):
        tried(parser, data)


@pytest.mark.parametrize("parser", [p for p in TABLE if not p.name.startswith(("reply", "request", "body"))], ids=ids)
def test_the_samples_themselves_are_read(parser: Parser) -> None:
    """A row whose samples are refused would spoil nothing that matters."""
    read = 0
    for sample in parser.samples:
        with TemporaryDirectory() as folder:
            try:
                parser.call(sample, Path(folder))
            except parser.own:
                continue
            read += 1
    assert read


def public_parsers() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield from _named(ast.parse(path.read_text(encoding="utf-8")), module)


def _named(tree: ast.AST, module: str, within: str = "") -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _named(node, module, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and CALLED_LIKE_PARSERS.fullmatch(node.name):
            given = [arg for arg in node.args.args if arg.arg not in ("self", "cls")][:1]
            if given and FROM_OUTSIDE.search(ast.unparse(given[0].annotation or ast.Constant(None))):
                yield f"{module}:{within}{node.name}"


def _is_there(name: str) -> bool:
    module, _, path = name.partition(":")
    try:
        return callable(attrgetter(path)(import_module(module)))
    except AttributeError:
        return False


def test_no_parser_is_missing_from_the_table() -> None:
    found = set(public_parsers())
    assert len(found) > 20, "the search itself"
    covered = {name for parser in TABLE for name in parser.covers}
    assert all(map(_is_there, covered)), "the table names what is not there"
    exempt = {name for name in found for pattern in EXEMPT if fnmatch(name, pattern)}
    missing = sorted(found - covered - exempt)
    assert not missing, "a row in tests/fuzz for each, or a line in EXEMPT with the reason"
    idle = [pattern for pattern in EXEMPT if not any(fnmatch(name, pattern) for name in found)]
    assert not idle, "nothing to exempt any more"


def test_names_in_the_table_are_unique() -> None:
    assert len({parser.name for parser in TABLE}) == len(TABLE)


@pytest.mark.long
@pytest.mark.parametrize("parser", TABLE, ids=ids)
def test_a_megabyte_is_read_or_refused_too(parser: Parser) -> None:
    """No timing: what grows with the square of its input meets the suite's limit of time."""
    for sample in (*parser.samples[:3], b"[", b"9", b'{"a":', b"\x02", b"\x8f", b'"', b"a=1\n"):
        tried(parser, (sample * (1 + (1 << 20) // max(1, len(sample))))[: 1 << 20])
