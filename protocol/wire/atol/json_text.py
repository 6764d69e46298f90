"""JSON text to and from values without a float in between: sums and quantities are ``Decimal`` on both sides."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias, Union

Json: TypeAlias = Union[bool, int, str, Decimal, "Sequence[Json]", "Mapping[str, Json]", None]
"""What a task is made of."""

MOST_TEXT = (
    4 * 1024 * 1024
)  # characters of an answer; the largest, a registered document with its TLV, has some 100,000
MOST_DEPTH = 32


class JsonError(ValueError):
    """A text that is no JSON answer, or a value that cannot be written; ``at`` is the path to it, or empty."""

    def __init__(self, problem: str, at: str = "") -> None:
        super().__init__(f"{at}: {problem}" if at else problem)
        self.problem = problem
        self.at = at


def dumps(value: Json) -> str:
    """The value as one line. A ``Decimal`` is written digit by digit (``Decimal("100.50")`` is ``100.50``).

    Raises ``JsonError`` for a float, a number that is not finite, and text that is no Unicode.
    """
    return _written(value, "", 0)


def _written(value: Any, at: str, depth: int) -> str:
    if depth > MOST_DEPTH:
        raise JsonError("nested too deeply", at)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise JsonError(f"{value} is not a number", at)
        return format(value, "f")
    if isinstance(value, str):
        return _text(value, at)
    if isinstance(value, Mapping):
        parts = (f"{_text(str(name), at)}:{_written(part, f'{at}.{name}', depth + 1)}" for name, part in value.items())
        return "{" + ",".join(parts) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return "[" + ",".join(_written(part, f"{at}[{n}]", depth + 1) for n, part in enumerate(value)) + "]"
    raise JsonError(f"{type(value).__name__} cannot be written", at)


def _text(text: str, at: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError("half a character (a lone surrogate)", at) from None
    return json.dumps(text, ensure_ascii=False)


def loads(text: str) -> Any:
    """An answer: objects as ``dict``, lists, text, ``int``, ``Decimal`` for numbers with a point or an exponent. Blank
    text is an answer without contents: ``{}``. Raises ``JsonError`` and nothing else."""
    if len(text) > MOST_TEXT:
        raise JsonError(f"{len(text)} characters, at most {MOST_TEXT} are read")
    if not text.strip("\0 \t\r\n"):
        return {}
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_constant)
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except (ValueError, ArithmeticError) as error:
        raise error if isinstance(error, JsonError) else JsonError(f"no JSON: {error}") from error


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not a number")
