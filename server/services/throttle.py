"""How often somebody may guess at passwords, without anybody being able to lock out another person.

A browser in which the person has signed in before is counted alone, so what strangers do elsewhere never reaches it.
All others are counted by login and address, by address, and by login. The buckets are rows: a restart of the server
gives no new tries, nor does another instance of it.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from server.keys import token_hash
from server.problems import Problem
from server.store.database import Work
from server.store.people import SignInTries


@dataclass(frozen=True, slots=True)
class Rule:
    """``burst`` tries at once, then one in ``every`` seconds."""

    burst: int
    every: float


KNOWN_DEVICE = Rule(10, 60.0)
LOGIN_AND_ADDRESS = Rule(5, 180.0)
ADDRESS = Rule(30, 20.0)  # a shop's computers share one
LOGIN = Rule(20, 180.0)  # from computers that are not known
FULL_AGAIN = timedelta(seconds=max(r.burst * r.every for r in (KNOWN_DEVICE, LOGIN_AND_ADDRESS, ADDRESS, LOGIN)))


@dataclass(frozen=True, slots=True)
class Counter:
    key: str
    rule: Rule


def counters(login: str, address: str, device: str | None) -> tuple[Counter, ...]:
    """What a try is counted by. ``device``: the hash of a device that is known to this login."""
    if device is not None:
        return (Counter(_key("device", device), KNOWN_DEVICE),)
    place = network(address)
    return (
        Counter(_key("login+address", login, place), LOGIN_AND_ADDRESS),
        Counter(_key("address", place), ADDRESS),
        Counter(_key("login", login), LOGIN),
    )


def _key(*parts: str) -> str:
    return token_hash("\0".join(parts))


def network(address: str) -> str:
    """What one peer can call itself: of IPv6 everybody has 2**64 addresses."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known.packed, 64), strict=False))
    return str(known)


def filled(rule: Rule, tokens: float, at: datetime, now: datetime) -> float:
    """The tokens of a bucket by now. A clock that was set back fills nothing."""
    return min(float(rule.burst), tokens + max(0.0, (now - at).total_seconds()) / rule.every)


async def take(work: Work, wanted: Sequence[Counter]) -> None:
    """One try of each counter, or of none: raises ``Problem`` ``too_many_sign_ins``. Committed before the password is
    looked at, so that a hundred tries at once are a hundred tries."""
    rows = [await work.session.get(SignInTries, counter.key, with_for_update=True) for counter in wanted]
    left = [
        filled(counter.rule, row.tokens, row.at, work.now) if row is not None else float(counter.rule.burst)
        for counter, row in zip(wanted, rows, strict=True)
    ]
    waits = [
        math.ceil((1.0 - tokens) * counter.rule.every)
        for counter, tokens in zip(wanted, left, strict=True)
        if tokens < 1.0
    ]
    if waits:
        wait = max(1, *waits)
        raise Problem(429, "too_many_sign_ins", headers={"Retry-After": str(wait)}, retry_after_s=wait)
    for counter, row, tokens in zip(wanted, rows, left, strict=True):
        if row is None:
            work.session.add(SignInTries(counter=counter.key, tokens=tokens - 1.0, at=work.now))
        else:
            row.tokens, row.at = tokens - 1.0, work.now


async def give_back(work: Work, taken: Sequence[Counter]) -> None:
    """The try was no guess."""
    for counter in taken:
        row = await work.session.get(SignInTries, counter.key, with_for_update=True)
        if row is not None:
            row.tokens = min(float(counter.rule.burst), row.tokens + 1.0)


async def forget(work: Work) -> None:
    """Buckets that are full again."""
    await work.session.execute(delete(SignInTries).where(SignInTries.at < work.now - FULL_AGAIN))
