"""What the codes of Sber's program mean for money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType


class Kind(Enum):
    APPROVED = auto()
    DECLINED = auto()
    CANCELLED = auto()
    NEVER = auto()  # the terminal says that it has not begun
    OFFLINE = auto()  # the same, if it says so at once
    DOUBT = auto()  # by itself it proves neither


@dataclass(frozen=True, slots=True)
class Meaning:
    kind: Kind
    code: str = ""  # of ours: the reason of a transaction, or the code of a verdict


CODES: Mapping[int, Meaning] = MappingProxyType(
    {
        0: Meaning(Kind.APPROVED),
        12: Meaning(Kind.DECLINED, "terminal_not_ready"),
        36: Meaning(Kind.DECLINED, "terminal_setup"),
        99: Meaning(Kind.OFFLINE, "terminal_offline"),
        101: Meaning(Kind.NEVER, "terminal_refused"),
        115: Meaning(Kind.NEVER, "terminal_busy"),
        2000: Meaning(Kind.CANCELLED, "payment_cancelled"),
        2002: Meaning(Kind.CANCELLED, "payment_no_card"),
        4119: Meaning(Kind.DOUBT, "terminal_no_reply"),  # no connection with the bank; who takes it back is not known
        4140: Meaning(Kind.DECLINED, "payment_nothing_to_reverse"),
        4141: Meaning(Kind.DECLINED, "payment_nothing_to_reverse"),
        4191: Meaning(Kind.DECLINED, "terminal_setup"),
        4353: Meaning(Kind.DOUBT, "terminal_bad_reply"),  # asks to go on with a payment by bonuses, which nobody does
    }
)
OTHER = Meaning(Kind.DECLINED, "payment_declined")
"""44xx is the bank's no; of any other code the terminal says no, too: it is shown as it is."""

NOT_READY: Mapping[int, str] = MappingProxyType(
    {12: "terminal_not_ready", 36: "terminal_setup", 115: "terminal_busy", 251: "terminal_card_inside"}
)
"""Of a look at the terminal; every other code but 0 and 99 is ``terminal_not_ready``."""


def meaning(code: int) -> Meaning:
    return CODES.get(code, OTHER)
