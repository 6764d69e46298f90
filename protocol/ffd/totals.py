"""VAT totals out of the tags of a document in the dump form (``tlv.decode_document``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from protocol.ffd.money import parse_kopecks
from protocol.ffd.vat import Vat

_FLAT = {1102: Vat.VAT20, 1103: Vat.VAT10, 1104: Vat.VAT0, 1105: Vat.NONE, 1106: Vat.VAT120, 1107: Vat.VAT110}


def vat_totals(tags: Mapping[str, Any]) -> dict[Vat, int]:
    """Kopecks per rate in the order of the rates' codes; for ``vat0`` and ``none`` the turnover.

    The zero 1104 that accompanies totals in 1115 is no turnover and is left out. Raises ``ValueError`` for a text that
    is no sum and ``KeyError`` for a number that is no rate.
    """
    totals = {rate: parse_kopecks(tags[str(tag)]) for tag, rate in _FLAT.items() if str(tag) in tags}
    if totals.get(Vat.VAT0) == 0:
        del totals[Vat.VAT0]
    for block in _blocks(tags.get("1115", ())):
        rate = Vat.of_code(block["1199"])
        totals[rate] = totals.get(rate, 0) + parse_kopecks(block["1120"])
    return dict(sorted(totals.items(), key=lambda entry: entry[0].code))


def _blocks(container: Any) -> Iterator[Mapping[str, Any]]:
    """The 1119 of a 1115, written as a list of one-key objects or as one object with a list."""
    parts: Iterable[Mapping[str, Any]] = [container] if isinstance(container, Mapping) else container
    for part in parts:
        blocks = part.get("1119", ())
        yield from [blocks] if isinstance(blocks, Mapping) else blocks
