"""What a connection has asked its agent for support, and the answers. The requests themselves are rows.

Said again on every connection until it is answered or over: an agent that was off hears nothing that is old.
"""

from __future__ import annotations

from protocol.crm.envelope import Envelope
from protocol.crm.messages import Error
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body
from protocol.crm.support import Bundle, Doctor, Report
from server.keys import JobKey
from server.services import support
from server.store import support as store
from server.store.database import Database, Work
from server.store.models import Agent
from server.store.support import SupportRequest


class Asking:
    """Of one connection."""

    def __init__(self) -> None:
        self.wanted = False
        """Whether the requests have to be looked at."""
        self._asked: dict[str, str] = {}  # msg_id: the request that it carried

    async def due(self, database: Database, key: JobKey, agent_id: str) -> list[Envelope]:
        """What this connection has not asked yet."""
        self.wanted = False
        known = set(self._asked.values())
        async with database.read() as work:
            rows = [row for row in await store.open_requests(work, agent_id) if row.id not in known]
            ready = [Envelope(work.new_id("ms"), work.now, _message(work, key, row)) for row in rows]
        self._asked |= {envelope.msg_id: row.id for envelope, row in zip(ready, rows, strict=True)}
        return ready

    def concerns(self, said: Value) -> bool:
        """Whether this is an answer, or what an agent says that does not know the question."""
        return isinstance(said, Report) or (isinstance(said, Error) and said.ref in self._asked)

    async def heard(self, work: Work, agent: Agent, said: Value) -> None:
        if isinstance(said, Report):
            await support.answered(work, agent, said)
        elif isinstance(said, Error) and said.ref in self._asked:
            await support.not_understood(work, agent, self._asked[said.ref])


def _message(work: Work, key: JobKey, row: SupportRequest) -> Doctor | Bundle:
    left = max(0, int((row.expires_at - work.now).total_seconds()))
    if row.kind == "doctor":
        doctor = Doctor(
            request_id=row.id, agent_id=row.agent_id, person=row.person, reason=row.reason, lives_s=left, kid=key.kid
        )
        return sign_body("doctor", doctor, key.sign)
    bundle = Bundle(
        request_id=row.id, agent_id=row.agent_id, person=row.person, reason=row.reason, jobs=row.jobs, lives_s=left,
        kid=key.kid,
    )  # fmt: skip
    return sign_body("bundle", bundle, key.sign)
