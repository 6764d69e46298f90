"""What the register that a receipt goes to refuses: its registration and its format version. See ``rules``."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd.forms import not_expressible
from protocol.ffd.planned import PlannedReceipt
from protocol.ffd.receipt import Receipt
from protocol.ffd.tags import TAGS
from protocol.ffd.violation import Violation, broken
from protocol.ffd.vocabulary import Taxation


def registration(receipt: Receipt, registered: int | None) -> Iterator[Violation]:
    """``registered``: tag 1062."""
    if registered is None or receipt.taxation.code & registered:
        return
    names = ", ".join(f'"{system}"' for system in Taxation if system.code & registered)
    yield broken(
        "TAX_SYSTEM_NOT_REGISTERED",
        "taxation",
        f"1055 = {receipt.taxation.code} is one of 1062 = {registered}",
        names or "a register that is registered for this system",
        f"Касса не зарегистрирована для системы налогообложения {receipt.taxation}.",
        f"The register is not registered for the taxation system {receipt.taxation}.",
        got=receipt.taxation,
    )


def version(plan: PlannedReceipt, ffd: str | None) -> Iterator[Violation]:
    """``ffd``: a version of ``forms.VERSIONS``, or ``None`` when it is not known."""
    for missing in () if ffd is None else not_expressible(plan, ffd):
        name = TAGS[missing.tag].name
        yield broken(
            "FFD_VERSION",
            missing.field,
            f"{missing.tag} exists in FFD 1.2 only",
            f"no such field on a register that works in FFD {ffd}",
            f"Касса работает в ФФД {ffd}, где нет тега {missing.tag} «{name}»: поле {missing.field} передать нельзя.",
            f"The register works in FFD {ffd}, which has no tag {missing.tag}: field {missing.field} cannot be given.",
            got=ffd,
        )
