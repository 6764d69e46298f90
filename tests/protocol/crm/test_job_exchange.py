"""Server and agent over a bad line: lost, repeated and reordered messages, and they still end up agreeing.

The machines are the real ones; around them is the least that a shell must do (offer, update, cancel, renew; after a
reconnection say again what the other side lacks).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.crm.job_machine import Job, JobEffect, JobEvent, Known, Moved, step
from protocol.crm.jobs import FINAL, MAX_ATTEMPTS, JobState
from protocol.crm.machine import Refusal

K, V, X = Known, JobEvent, JobEffect
TERMINAL = {Known(state) for state in FINAL}
OPEN = {K.STARTED, K.RESOLVING, K.HUMAN}


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    rev: int
    state: JobState | None = None
    too_late: bool = False


class Exchange(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.server, self.agent = Job(), Job()
        self.to_agent: list[Message] = []
        self.to_server: list[Message] = []
        self.renew_waits = False
        self.documents = 0  # what the register made
        self.fiscalised_in = 0  # the attempt that made it

    # --- the CRM

    @initialize(begun=st.sampled_from(["posted", "accepted", "held", "started"]))
    def post(self, begun: str) -> None:
        """Most of what is interesting happens to a job that has come this far."""
        self._server(V.POST)
        if begun != "posted":
            self._server(V.SEND)
            self._agent(V.OFFER, self.server.rev)
        if begun == "held":
            self._agent(V.LEASE_PASSED)
        if begun == "started":
            self._agent(V.INTENT)
            self._agent(V.CLOSING)
        for message in self.to_server:
            self._mirrored(message)

    @rule()
    def send(self) -> None:
        if self.agent.state is K.ABSENT and self._server(V.SEND):
            self.to_agent.append(Message("offer", self.server.rev))

    @rule()
    def ask_cancel(self) -> None:
        if X.OUTBOX_CANCEL in self._server(V.ASK_CANCEL):
            self.to_agent.append(Message("cancel", self.server.rev))

    @rule()
    def ask_renew(self) -> None:
        if X.OUTBOX_RENEW in self._server(V.ASK_RENEW):
            self.renew_waits = True
            self.to_agent.append(Message("renew", self.server.rev))

    @rule()
    def expire(self) -> None:
        self._server(V.EXPIRE)

    # --- the line

    @precondition(lambda self: self.to_agent)
    @rule(data=st.data(), again=st.booleans())
    def arrives_at_agent(self, data: st.DataObject, again: bool) -> None:
        place = data.draw(st.integers(0, len(self.to_agent) - 1))
        message = self.to_agent[place] if again else self.to_agent.pop(place)
        self._heard(message)

    @precondition(lambda self: self.to_server)
    @rule(data=st.data(), again=st.booleans())
    def arrives_at_server(self, data: st.DataObject, again: bool) -> None:
        place = data.draw(st.integers(0, len(self.to_server) - 1))
        message = self.to_server[place] if again else self.to_server.pop(place)
        self._mirrored(message)

    @rule(both=st.booleans())
    def connection_breaks(self, both: bool) -> None:
        self.to_agent.clear()
        if both:
            self.to_server.clear()

    @rule()
    def reconcile(self) -> None:
        """Each says what the other lacks, by rev."""
        if self.server.cancel_pending:
            self.to_agent.append(Message("cancel", self.server.rev))
        elif self.agent.state is K.ABSENT:
            if self.server.state is K.QUEUED and self._server(V.SEND):
                self.to_agent.append(Message("offer", self.server.rev))
        elif self.renew_waits:
            self.to_agent.append(Message("renew", self.server.rev))
        if self.agent.state is not K.ABSENT and self.agent.rev > self.server.rev:
            self._tell()

    # --- the agent's own life

    @precondition(lambda self: self.agent.state is K.STARTED and self.agent.closing)
    @rule()
    def register_fiscalises(self) -> None:
        """At most once an attempt: the closing command is sent once."""
        if self.fiscalised_in != self.agent.attempt:
            self.fiscalised_in = self.agent.attempt
            self.documents += 1

    @precondition(lambda self: self.agent.state is K.ACCEPTED)
    @rule(closing=st.booleans())
    def intent(self, closing: bool) -> None:
        self._agent(V.INTENT)
        if closing:
            self._agent(V.CLOSING)

    @precondition(lambda self: self.agent.state in OPEN)
    @rule(event=st.sampled_from([V.DOUBT, V.UNDECIDABLE, V.CLOSING]))
    def doubt(self, event: JobEvent) -> None:
        self._agent(event)

    @precondition(lambda self: self.agent.state in OPEN)
    @rule(person=st.booleans())
    def decided(self, person: bool) -> None:
        """The register's records, and a person who has looked at them, tell the truth."""
        if self.documents:
            self._agent(V.DECIDED_DONE if person else V.PROVEN)
        else:
            self._agent(V.DECIDED_NOT_DONE if person else V.PROVEN_NONE)

    @rule(event=st.sampled_from([V.LEASE_PASSED, V.HELD_TOO_LONG, V.NOT_READY, V.PAPER]))
    def time_passes(self, event: JobEvent) -> None:
        self._agent(event)

    # --- shells

    def _server(self, event: JobEvent, **named: object) -> tuple[object, ...]:
        moved = step(self.server, event, **named)  # type: ignore[arg-type]
        if isinstance(moved, Refusal):
            return ()
        assert event is V.REPORTED or self.server.state not in TERMINAL
        self.server = moved.job
        return moved.effects

    def _agent(self, event: JobEvent, rev: int = 0) -> bool:
        before = self.agent
        moved = step(before, event, rev=rev)
        if isinstance(moved, Refusal):
            return False
        assert isinstance(moved, Moved)
        self.agent = moved.job
        assert before.state not in TERMINAL or (event is V.PAPER and before.state is K.DONE)
        assert not (before.state in OPEN and self.agent.state in (K.CANCELLED, K.HELD, K.ABSENT))
        if {X.OUTBOX_ACCEPT, X.OUTBOX_UPDATE, X.OUTBOX_TOO_LATE} & set(moved.effects):
            self._tell(too_late=X.OUTBOX_TOO_LATE in moved.effects)
        return True

    def _tell(self, *, too_late: bool = False) -> None:
        self.to_server.append(Message("update", self.agent.rev, JobState(self.agent.state), too_late))

    def _heard(self, message: Message) -> None:
        event = {"offer": V.OFFER, "cancel": V.CANCEL, "renew": V.RENEW}[message.kind]
        if message.kind == "renew" and self.agent.state is K.ABSENT:
            return
        if not self._agent(event, message.rev):
            self._tell(too_late=message.kind == "cancel" and self.agent.state is not K.CANCELLED)

    def _mirrored(self, message: Message) -> None:
        if self._server(V.REPORTED, rev=message.rev, reported=message.state):
            self.renew_waits = False
            if message.too_late:
                self.server = replace(self.server, cancel_pending=False)

    # --- what always holds

    @invariant()
    def the_server_never_runs_ahead_of_the_agent(self) -> None:
        assert self.server.rev <= self.agent.rev
        if self.server.rev == self.agent.rev > 0:
            assert self.server.state is self.agent.state

    @invariant()
    def one_document_at_most_and_every_ending_is_true(self) -> None:
        assert self.agent.attempt <= MAX_ATTEMPTS
        assert self.documents <= 1
        if self.agent.state not in OPEN:
            assert (self.documents == 1) is (self.agent.state is K.DONE)

    @invariant()
    def what_never_left_is_nowhere_else(self) -> None:
        if not self.server.sent and self.server.state is not K.ABSENT:
            assert self.agent.state is K.ABSENT

    def teardown(self) -> None:
        """A quiet line: after a few rounds of reconciling nothing is left to say."""
        for _ in range(4):
            self.connection_breaks(True)
            self.reconcile()
            while self.to_agent or self.to_server:
                if self.to_agent:
                    self._heard(self.to_agent.pop(0))
                if self.to_server:
                    self._mirrored(self.to_server.pop(0))
        if self.server.sent:
            assert (self.server.state, self.server.rev) == (self.agent.state, self.agent.rev)
            assert not (self.server.cancel_pending and self.server.state in TERMINAL)
        else:
            assert self.agent.state is K.ABSENT
        self.the_server_never_runs_ahead_of_the_agent()


Exchange.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestExchange = Exchange.TestCase
