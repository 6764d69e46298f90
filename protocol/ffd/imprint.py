"""The short id of a job inside its fiscal document: alone in 1084, or behind what the CRM itself wants to stand there.

A document has one 1084 {1085 name, 1086 value} (format order ЕД-7-20/662@). Without an attribute of the CRM its name is
``ID`` and its value the imprint; with one, the imprint follows the CRM's value: ``value; ID=ABCDEFGHIJKLM``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAME = "ID"
"""What stands in 1085 when 1086 carries nothing but the imprint."""

LENGTH = 13
"""Characters of an imprint: base32."""

_MARK = "; ID="
_MERGED = re.compile(rf"{_MARK}([A-Z2-7]{{{LENGTH}}})\s*", re.ASCII)

ROOM = len(_MARK) + LENGTH
"""Characters that a merged imprint takes from 1086."""


def user_attribute(own: tuple[str, str] | None, imprint: str | None) -> tuple[str, str] | None:
    """Name and value of 1084; ``own`` is the CRM's. ``None``: the document needs no 1084."""
    if own is None:
        return None if imprint is None else (NAME, imprint)
    name, value = own
    return own if imprint is None else (name, f"{value}{_MARK}{imprint}")


def imprint_in(attribute: Mapping[str, Any]) -> str:
    """The imprint in a 1084 in the dump form, ``{"1085": …, "1086": …}``; "" when there is none."""
    name, value = attribute.get("1085"), attribute.get("1086")
    if not isinstance(value, str):
        return ""
    if name == NAME:
        return value
    at = value.rfind(_MARK)
    merged = None if at < 0 else _MERGED.fullmatch(value, at)
    return "" if merged is None else merged[1]


def looks_imprinted(own: tuple[str, str]) -> bool:
    """Whether an attribute of the CRM would be read back as some job's imprint: it must not be sent."""
    name, value = own
    return name == NAME or imprint_in({"1085": name, "1086": value}) != ""
