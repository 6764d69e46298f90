"""Rules of length: structures, lines, the whole document, as TLV. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd import imprint
from protocol.ffd.forms import DISTINCT_VERSIONS, Records, agent_records, attribute_records, supplier_records
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.records import DOCUMENT_LIMIT, document_size, item_records
from protocol.ffd.tags import TAGS
from protocol.ffd.tlv import encode_all
from protocol.ffd.violation import Violation, broken


def sizes(plan: PlannedReceipt, ffd: str | None) -> Iterator[Violation]:
    """``ffd`` ``None``: the register is not known yet and the longest of the forms must fit.

    A line is measured only when its structures fit, the document only when its lines do.
    """
    versions = DISTINCT_VERSIONS if ffd is None else (ffd,)
    too_long = [*_structures(plan)] or [*_lines(plan, versions)]
    yield from too_long
    if too_long:
        return
    size = max(document_size(plan, version) for version in versions)
    if size > DOCUMENT_LIMIT:
        yield broken(
            "DOCUMENT_SIZE",
            "items",
            f"a receipt is at most {DOCUMENT_LIMIT} bytes of TLV",
            f"at most {DOCUMENT_LIMIT} bytes",
            f"Чек слишком велик для фискального накопителя: {size} байт. Разделите его или сократите названия.",
            f"The receipt is too large for the fiscal drive: {size} bytes. Split it or shorten the names.",
            got=str(size),
        )


def _structures(plan: PlannedReceipt) -> Iterator[Violation]:
    for at, line in enumerate(plan.lines):
        if line.agent is not None:
            yield from _structure(1223, f"items[{at}].agent_info", agent_records(line.agent))
        if line.supplier is not None:
            yield from _structure(1224, f"items[{at}].supplier_info", supplier_records(line.supplier))
    attribute = imprint.user_attribute(plan.user_attribute, plan.imprint)
    if attribute is not None:
        yield from _structure(1084, "additional_user_props", attribute_records(attribute))


def _structure(tag: int, field: str, inside: Records) -> Iterator[Violation]:
    size, limit = len(encode_all(inside)), TAGS[tag].length
    if size > limit:
        yield broken(
            "STRUCTURE_SIZE",
            field,
            f"{tag} is at most {limit} bytes",
            f"at most {limit} bytes",
            f"Данные {field} слишком длинны: {size} байт, помещается {limit}. Сократите тексты или число телефонов.",
            f"The data of {field} are too long: {size} bytes of {limit}. Shorten the texts or give fewer phones.",
            got=str(size),
        )


def _lines(plan: PlannedReceipt, versions: tuple[str, ...]) -> Iterator[Violation]:
    limit = TAGS[1059].length
    for at, line in enumerate(plan.lines):
        if line.agent is None and line.supplier is None and not line.industry:
            continue  # its texts and numbers at their longest are far below the limit
        size = max(len(encode_all(item_records(line, version))) for version in versions)
        if size > limit:
            yield broken(
                "LINE_SIZE",
                f"items[{at}]",
                f"1059 is at most {limit} bytes",
                f"at most {limit} bytes",
                f"Позиция {at + 1} слишком велика: {size} байт, помещается {limit}. Сократите её тексты.",
                f"Line {at + 1} is too large: {size} bytes of {limit}. Shorten its texts.",
                got=str(size),
            )
