"""Asking the server whether it knows this PC, as a starting agent does: challenge, hello, welcome, and goodbye.

Only while no agent runs here: a server has one connection with an agent, and the newer one ends the older. What is said
is true (the journal's own head and jobs), nothing is claimed and no job is taken: the connection ends before that.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from agent.identity import BadKeys, Identity, follow
from agent.link.dial import Connection, Dial, trouble_of
from agent.link.status import Trouble
from agent.support.doctor.archive import Archive
from protocol.crm.envelope import BadMessage, Envelope, parse
from protocol.crm.messages import Challenge, Goodbye, Hello, Welcome
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body

V = TypeVar("V", bound=Value)

DOCTOR = "doctor"
"""Begins the ``boot_id`` of such a greeting."""


class _Refused(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Greeted:
    """``trouble``: why the server does not take this PC. ``bound``: KKM_IDs that it has bound to it."""

    trouble: Trouble | None
    bound: frozenset[str] = frozenset()


def greet(identity: Identity, archive: Archive, dial: Dial, version: str, seconds: float) -> Greeted:
    """Blocking, in a loop of its own. Raises nothing of the server's making."""
    return asyncio.run(_greet(identity, archive, dial, version, seconds))


async def _greet(identity: Identity, archive: Archive, dial: Dial, version: str, seconds: float) -> Greeted:
    try:
        async with asyncio.timeout(seconds):
            connection = await dial(identity.link_url)
            try:
                welcome = await _talk(connection, identity, archive, version)
            finally:
                with contextlib.suppress(Exception):
                    await connection.close()
    except _Refused as refused:
        return Greeted(refused.trouble)
    except BadMessage as error:
        return Greeted(Trouble("bad_message", error.code))
    except Exception as error:
        return Greeted(trouble_of(error))
    if welcome.tenant_id != identity.tenant_id:
        return Greeted(Trouble("bad_welcome", f"tenant {welcome.tenant_id}"))
    try:
        follow(identity.server_keys, welcome.keys)
    except BadKeys as error:
        return Greeted(Trouble("bad_welcome", str(error)))
    return Greeted(None, frozenset(binding.kkm_id for binding in welcome.bindings))


async def _talk(connection: Connection, identity: Identity, archive: Archive, version: str) -> Welcome:
    challenge = await _next(connection, Challenge)
    hello = Hello(
        agent_id=identity.agent_id,
        install_id=identity.install_id,
        boot_id=f"{DOCTOR}-{uuid.uuid4().hex}",
        version=version,
        caps=[],
        journal_head=archive.head,
        jobs=archive.known_jobs,
        devices=[],
        nonce=challenge.nonce,
    )
    await _send(connection, sign_body("hello", hello, identity.sign))
    welcome = await _next(connection, Welcome)
    await _send(connection, Goodbye(code="stopping"))
    return welcome


async def _send(connection: Connection, body: Value) -> None:
    await connection.send(Envelope(uuid.uuid4().hex, datetime.now(UTC), body).to_text())


async def _next(connection: Connection, wanted: type[V]) -> V:
    body = parse(await connection.recv()).body
    if isinstance(body, Goodbye):
        raise _Refused(Trouble(body.code, body.text))
    if not isinstance(body, wanted):
        raise _Refused(Trouble("unexpected_message", type(body).__name__))
    return body
