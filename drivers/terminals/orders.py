"""What is refused before anything is run, by name."""

from __future__ import annotations

import re

from drivers.errors import Refused
from drivers.terminal_api import RUB, Order, Original, TerminalCapabilities

_RRN = re.compile(r"[0-9]{12}")


def check_order(order: Order, capabilities: TerminalCapabilities) -> None:
    """Raises ``Refused`` (``terminal_unsupported``)."""
    if order.currency != RUB:
        raise Refused("terminal_unsupported", f"currency {order.currency}: only {RUB} with this interface")
    if order.means not in capabilities.means:
        raise Refused("terminal_unsupported", f"{order.means}: not with this terminal")
    if order.amount <= 0:
        raise Refused("terminal_unsupported", f"amount {order.amount}: kopecks above zero expected")


def check_refund(order: Order, original: Original | None, capabilities: TerminalCapabilities) -> None:
    """Raises ``Refused``: ``terminal_unsupported``, ``terminal_needs_original``."""
    check_order(order, capabilities)
    if original is None:
        if capabilities.refund_needs:
            raise _lacks(sorted(capabilities.refund_needs))
        return
    _check_original(original, capabilities.refund_needs)
    if order.amount > original.amount:
        raise Refused("terminal_unsupported", f"{order.amount} kopecks of a payment of {original.amount}")
    if order.amount < original.amount and not capabilities.partial_refund:
        raise Refused("terminal_unsupported", "a part of a payment: not with this interface")


def check_void(order: Order, original: Original, capabilities: TerminalCapabilities) -> None:
    """The same."""
    check_order(order, capabilities)
    _check_original(original, capabilities.void_needs)
    if order.amount != original.amount and not (capabilities.partial_void and order.amount < original.amount):
        detail = f"{order.amount} kopecks of a payment of {original.amount}: only all of it with this interface"
        raise Refused("terminal_unsupported", detail)


def _check_original(original: Original, needs: frozenset[str]) -> None:
    lacking = sorted(name for name in needs if not getattr(original, name))
    if lacking:
        raise _lacks(lacking)
    if "rrn" in needs and not _RRN.fullmatch(original.rrn):
        raise Refused("terminal_needs_original", "rrn: twelve digits expected")


def _lacks(names: list[str]) -> Refused:
    return Refused("terminal_needs_original", f"{', '.join(names)} of the original payment")
