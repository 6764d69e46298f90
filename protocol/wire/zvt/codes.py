"""ZVT's result, abort and refusal codes, and the codes of progress, in words for support. They decide nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

HOST_CODES = range(0x01, 0x64)
"""Declines of the bank, as the host numbers them (1 to 99)."""

RESULTS: Mapping[int, str] = MappingProxyType({
    0x00: "approved",
    0x64: "card not readable",
    0x65: "no card data",
    0x66: "processing error",
    0x67: "function not permitted for this card",
    0x68: "function not permitted for this card",
    0x6A: "turnover file full",
    0x6B: "not registered",
    0x6C: "aborted by key or timeout",
    0x6E: "card blocked",
    0x6F: "wrong currency",
    0x71: "credit not sufficient",
    0x72: "chip error",
    0x73: "card data incorrect",
    0x75: "card not authentic",
    0x77: "end of day not possible",
    0x78: "card expired",
    0x79: "card not yet valid",
    0x7A: "card unknown",
    0x7B: "fallback not possible",
    0x7C: "fallback not possible",
    0x7D: "communication error",
    0x7E: "fallback not possible",
    0x83: "function not possible",
    0x85: "key missing",
    0x89: "PIN pad defective",
    0x9A: "protocol error",
    0x9B: "communication fault",
    0x9C: "please wait",
    0xA0: "receiver not ready",
    0xA1: "remote station does not answer",
    0xA3: "no connection",
    0xA5: "not allowed (PCI)",
    0xB1: "memory full",
    0xB2: "journal full",
    0xB4: "already reversed",
    0xB5: "reversal not possible",
    0xB7: "amount does not fit",
    0xB8: "pre-authorisation error",
    0xC2: "diagnosis required",
    0xC3: "maximum amount exceeded",
    0xC4: "card profile invalid",
    0xC5: "payment method not supported",
    0xC6: "currency not applicable",
    0xC8: "amount too small",
    0xCC: "printer not ready",
    0xDC: "card inserted",
    0xE0: "remote maintenance active",
    0xE4: "activation required",
    0xF0: "end of day required",
    0xFA: "offline transmission",
    0xFC: "device missing",
    0xFF: "system error",
})  # fmt: skip


def result_text(code: int) -> str:
    if code in HOST_CODES:
        return f"declined by the host, {code}"
    return RESULTS.get(code, "unknown code")
