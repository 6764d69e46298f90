"""A typed client of KassaBridge's REST API: one file, needs httpx. Copy it into your CRM.

    with Client("https://kassa.example.com", "kb_…") as kassa:
        kassa.post({"job_id": "order-1042-1", "kkm_id": "17", "kind": "receipt", "payload": {…}})
        job = kassa.wait("order-1042-1", seconds=120)
        if job["state"] == "done":
            print(job["proof"]["qr"])

Every call may be repeated: a lost answer is asked for again, with the same ``job_id``, and nothing happens twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypedDict, cast

import httpx

State = Literal[
    "queued", "accepted", "held", "started", "resolving", "human", "done", "not_done", "cancelled", "rejected"
]
Kind = Literal[
    "receipt", "correction", "open_shift", "close_shift", "x_report", "cash_in", "cash_out", "print_text", "print_copy",
    "open_drawer", "device_status", "document", "payment", "refund", "void", "settlement", "terminal_status", "sale",
    "sale_refund",
]  # fmt: skip
Choice = Literal["go_on", "give_back", "leave_owed"]
FINAL: frozenset[State] = frozenset({"done", "not_done", "cancelled", "rejected"})

_PAUSES = (1.0, 2.0, 5.0, 15.0)  # seconds between the tries of one call


class _Wanted(TypedDict):
    job_id: str
    kind: Kind
    payload: Mapping[str, Any]


class NewJob(_Wanted, total=False):
    """``kkm_id`` or ``desk_id``. Sums and quantities are text: ``"4500.00"``."""

    kkm_id: str
    desk_id: str
    start_within_s: int
    order_ref: str
    allow_duplicate: bool


class Reason(TypedDict):
    code: str
    text: str
    advice: str
    safe_to_repeat: bool


class Proof(TypedDict, total=False):
    source: str
    fn: str | None
    fd: int | None
    fpd: str | None
    shift: int | None
    receipt_in_shift: int | None
    printed_at: str | None
    total: str | None
    change: str | None
    drawer: str | None
    qr: str | None
    register_serial: str | None
    registration_number: str | None
    rrn: str | None
    auth_code: str | None
    terminal_id: str | None
    card: str | None


class Waits(TypedDict):
    code: str
    text: str
    advice: str
    choices: list[Choice]


class Job(TypedDict):
    """What is read most; the answer has more (docs/api.md)."""

    job_id: str
    kkm_id: str
    desk_id: str | None
    kind: Kind
    order_ref: str | None
    state: State
    rev: int
    attempt: int
    lease_no: int
    owed: bool
    waits: Waits | None
    reason: Reason | None
    proof: Proof | None
    paper: str | None
    certainty: str | None
    steps: list[dict[str, Any]]
    progress: dict[str, Any] | None
    evidence: dict[str, Any] | None
    result: dict[str, Any] | None
    unreachable_since: str | None


@dataclass(frozen=True)
class FieldError:
    field: str
    rule: str
    expected: str
    code: str
    text: str


class Refused(Exception):
    """The server refused, and changed nothing. Decide by ``code``; ``errors`` name the fields."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("detail", f"HTTP {status}"))
        self.status = status
        self.code: str = problem.get("code", "")
        self.advice: str = problem.get("advice", "")
        self.safe_to_repeat: bool = bool(problem.get("safe_to_repeat"))
        self.errors = [FieldError(**one) for one in problem.get("errors", [])]


class NoAnswer(Exception):
    """Nobody knows whether the server has done it: make the same call again, with the same ``job_id``."""


class NotYet(Exception):
    """The job has not ended in that time. That says nothing about the receipt: never post it under another id."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job['job_id']}: {job['state']}")
        self.job = job


class Client:
    def __init__(
        self,
        url: str,
        key: str,
        *,
        language: Literal["ru", "en"] = "ru",
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        self._http = http or httpx.Client(timeout=15.0)
        self._sleep = sleep
        self._monotonic = monotonic

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._http.close()

    # --- jobs

    def post(self, job: NewJob) -> Job:
        """Stores the job; the same again gives the job as it is now."""
        return self._job("POST", "/jobs", job)

    def job(self, job_id: str) -> Job:
        return self._job("GET", f"/jobs/{job_id}")

    def wait(self, job_id: str, *, seconds: float = 120.0, every: float = 1.0) -> Job:
        """The job once it has ended. Raises ``NotYet``."""
        until = self._monotonic() + seconds
        while True:
            job = self.job(job_id)
            if job["state"] in FINAL:
                return job
            if self._monotonic() >= until:
                raise NotYet(job)
            self._sleep(every)

    def cancel(self, job_id: str) -> Job:
        return self._job("POST", f"/jobs/{job_id}/cancel")

    def renew(self, job_id: str, *, start_within_s: int = 120, lease_no: int | None = None) -> Job:
        """``lease_no``: as you have read it; then the call renews once, however often it is made."""
        body: dict[str, Any] = {"start_within_s": start_within_s}
        return self._job("POST", f"/jobs/{job_id}/renew", body if lease_no is None else {**body, "lease_no": lease_no})

    def resolve(
        self,
        job_id: str,
        decision: Literal["done", "not_done"] | Choice,
        *,
        person: str,
        reason: str,
        rev: int,
        fd: int | None = None,
    ) -> Job:
        """A person's decision (scope ``decide``): the device is asked once more first, and wins."""
        body: dict[str, Any] = {"decision": decision, "person": person, "reason": reason, "rev": rev}
        return self._job("POST", f"/jobs/{job_id}/resolve", body if fd is None else {**body, "fd": fd})

    def jobs(self, **wanted: str | bool | list[str]) -> Iterator[Job]:
        """Newest first, all pages: ``state``, ``kind``, ``kkm_id``, ``order_ref``, ``owed``, ``since``, ``until``."""
        cursor: str | None = None
        while True:
            page = self._ask("GET", "/jobs", params={**wanted, **({"cursor": cursor} if cursor else {})})
            yield from cast("list[Job]", page["jobs"])
            cursor = page["cursor"]
            if cursor is None:
                return

    # --- what happens

    def events(self, after: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """``(id, event)`` as they happen, from behind ``after`` on. Ends when the line does: come back with its id.

        An event may come twice, with the same ``event_id``."""
        headers = {**self._headers, **({"Last-Event-ID": after} if after else {})}
        id_ = after or ""
        with self._http.stream("GET", f"{self._base}/events", headers=headers, timeout=60.0) as stream:
            if stream.is_error:
                stream.read()
                raise Refused(stream.status_code, _problem(stream))
            try:
                for line in stream.iter_lines():
                    if line.startswith("id: "):
                        id_ = line[4:]
                    elif line.startswith("data: "):
                        yield id_, json.loads(line[6:])
            except httpx.TransportError:
                return

    # ---

    def _job(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Job:
        return cast("Job", self._ask(method, path, json=body))

    def _ask(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        for pause in (*_PAUSES, None):
            try:
                answer = self._http.request(method, f"{self._base}{path}", headers=self._headers, **what)
            except httpx.TransportError as error:
                if pause is None:
                    raise NoAnswer(str(error)) from error
                self._sleep(pause)
                continue
            if answer.is_success:
                return cast("dict[str, Any]", answer.json())
            if answer.status_code != 429 and answer.status_code < 500:
                raise Refused(answer.status_code, _problem(answer))
            if pause is None:
                raise NoAnswer(f"HTTP {answer.status_code}")
            self._sleep(max(pause, float(answer.headers.get("Retry-After", 0))))
        raise AssertionError


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


class BadSignature(Exception):
    """Somebody else has written this, or long ago: answer 400 and forget it."""


def webhook(
    body: bytes, headers: Mapping[str, str], secret: str, now: float, tolerance: float = 300.0
) -> dict[str, Any]:
    """The event of a webhook's request, if it is signed with ``secret`` (``whsec_…``). ``body`` as it came, unparsed.

    The same event may come again: ``event_id`` names it. Answer 2xx within ten seconds, then work."""
    found = {name.lower(): value for name, value in headers.items()}
    try:
        id_, at, signatures = found["webhook-id"], found["webhook-timestamp"], found["webhook-signature"]
        fresh = abs(now - int(at)) <= tolerance
    except (KeyError, ValueError):
        raise BadSignature from None
    key = base64.b64decode(secret.removeprefix("whsec_"))
    good = base64.b64encode(hmac.new(key, f"{id_}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    if not fresh or not any(hmac.compare_digest(f"v1,{good}", one) for one in signatures.split()):
        raise BadSignature
    return cast("dict[str, Any]", json.loads(body))
