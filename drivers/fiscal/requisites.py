"""Requisites that a firmware knows or not, which no interface tells: somebody who has seen it has to say so."""

from __future__ import annotations

from drivers.api import Capabilities
from drivers.errors import Refused
from drivers.profiles import switch
from protocol.ffd.planned import PlannedReceipt

CASHLESS_DETAILS = "requisites.cashless_details"
"""The setting of a profile. Off, because an older firmware would refuse tag 1234 when the money is taken already."""


def cashless_switch(value: object) -> bool:
    """Raises ``ValueError``."""
    return switch(CASHLESS_DETAILS, value)


def check(receipt: PlannedReceipt, capabilities: Capabilities, otherwise: str) -> None:
    """Raises ``Refused`` (``not_expressible``) for what these capabilities have no place for; ``otherwise``: what could
    be done."""
    if receipt.cashless and not capabilities.cashless_details:
        raise Refused("not_expressible", f"tag 1234 (cashless_details): {otherwise}")
