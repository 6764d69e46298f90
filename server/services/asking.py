"""What a connection has asked its agent for support, and the answers. The requests themselves are rows.

Said again on every connection until it is answered or over: an agent that was off hears nothing that is old. A log that
has begun is not said again: it ends with the connection on which it began.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from protocol.crm.envelope import Envelope
from protocol.crm.messages import Error
from protocol.crm.outcomes import Value
from protocol.crm.signing import sign_body
from protocol.crm.support import Bundle, Doctor, Log, LogBegan, LogLines, LogStop, Report, ReportState
from server.keys import JobKey
from server.services import logs, support
from server.services.socket import LinkServices
from server.store import support as store
from server.store.database import Work
from server.store.models import Agent
from server.store.support import SupportRequest

Session = Callable[[], AbstractAsyncContextManager[tuple[Work, Agent]]]
ANSWERS = (Report, LogBegan, LogLines)


class Asking:
    """Of one connection."""

    def __init__(self, services: LinkServices) -> None:
        self._s = services
        self.wanted = False
        """Whether the requests have to be looked at."""
        self._asked: dict[str, str] = {}  # msg_id: the request that it carried
        self._logs: set[str] = set()  # asked for, and not known here to be over
        self._began: set[str] = set()  # of these, those that have begun on this connection

    async def due(self, agent_id: str) -> list[Envelope]:
        """What this connection has not asked yet, and which of its logs somebody has ended."""
        self.wanted = False
        known = set(self._asked.values())
        async with self._s.database.read() as work:
            over = [request_id for request_id in sorted(self._logs) if await logs.is_over(work, request_id)]
            rows = [row for row in await store.open_requests(work, agent_id) if row.id not in known]
            bodies: list[Value] = [LogStop(request_id=request_id) for request_id in over]
            asking = [Envelope(work.new_id("ms"), work.now, _message(work, self._s.key, row)) for row in rows]
            ready = [Envelope(work.new_id("ms"), work.now, body) for body in bodies] + asking
        for request_id in over:
            self._over(request_id)
        self._asked |= {envelope.msg_id: row.id for envelope, row in zip(asking, rows, strict=True)}
        self._logs |= {row.id for row in rows if row.kind == "log"}
        return ready

    def concerns(self, said: Value) -> bool:
        """Whether this is an answer, or what an agent says that does not know the question."""
        return isinstance(said, ANSWERS) or (isinstance(said, Error) and said.ref in self._asked)

    async def heard(self, session: Session, agent_id: str, said: Value) -> LogStop | None:
        """What has to be said to it: that this log is not open, or no longer."""
        match said:
            case LogLines(request_id=request_id):
                now = self._s.world.now()
                if request_id not in self._began or not self._s.tails.take(agent_id, said, now):
                    return self._stop(request_id)
            case LogBegan(request_id=request_id):
                async with session() as (work, agent):
                    running = await logs.began(work, self._s.tails, agent, said)
                if not running:
                    return self._stop(request_id)
                self._began.add(request_id)
            case Report():
                async with session() as (work, agent):
                    await support.answered(work, agent, said)
                if said.state is not ReportState.ASKED:
                    self._ended(agent_id, said.request_id)
            case Error(ref=ref) if ref in self._asked:
                async with session() as (work, agent):
                    await support.not_understood(work, agent, self._asked[ref])
                self._ended(agent_id, self._asked[ref])
        return None

    async def hung_up(self, work: Work) -> None:
        """The connection is gone, and what it showed with it."""
        await logs.hung_up(work, self._s.tails, self._began)

    def _stop(self, request_id: str) -> LogStop:
        self._over(request_id)
        return LogStop(request_id=request_id)

    def _ended(self, agent_id: str, request_id: str) -> None:
        self._s.tails.end(agent_id, request_id)
        self._over(request_id)

    def _over(self, request_id: str) -> None:
        self._logs.discard(request_id)
        self._began.discard(request_id)


def _message(work: Work, key: JobKey, row: SupportRequest) -> Value:
    left = max(0, int((row.expires_at - work.now).total_seconds()))
    if row.kind == "doctor":
        doctor = Doctor(
            request_id=row.id, agent_id=row.agent_id, person=row.person, reason=row.reason, lives_s=left, kid=key.kid
        )
        return sign_body("doctor", doctor, key.sign)
    if row.kind == "log":
        log = Log(
            request_id=row.id, agent_id=row.agent_id, person=row.person, reason=row.reason, lives_s=left, kid=key.kid
        )
        return sign_body("log", log, key.sign)
    bundle = Bundle(
        request_id=row.id, agent_id=row.agent_id, person=row.person, reason=row.reason, jobs=row.jobs, lives_s=left,
        kid=key.kid,
    )  # fmt: skip
    return sign_body("bundle", bundle, key.sign)
