"""What stands in the way, and which of it comes first: from the agent's picture to an ordered list. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from agent.link.status import LinkStatus, Trouble
from agent.status import AgentStatus, DeviceStatus, JobStatus, SupportAsk
from agent.tray.decision_words import CASE_OF, DECISIONS
from agent.tray.model import IconState, Language
from agent.tray.text import inside, money, plain
from agent.tray.words import TROUBLES, WORDS, say, told, trouble
from protocol.crm.codes import CODES
from protocol.crm.link_machine import AgentLink
from protocol.crm.outcomes import Reason
from protocol.latin import cyrillic_at

SETTLING = timedelta(seconds=15)
"""A link that has just come up is given this long to tell which register belongs here."""

SOON = timedelta(minutes=10)
"""A receipt that was not made is told once, and not again by a program that was started later than this."""

OUTAGE = 4
"""Failed tries to connect after which a link that mends itself is worth a notification: about half a minute."""


class Kind(StrEnum):
    """What a concern is about, the most important first: the first concern rules icon and sentence."""

    NOT_RUNNING = "not running"
    WORKPLACE = "workplace"  # the journal cannot be trusted: H6
    DECISION = "decision"
    ACCOUNT = "account"  # the server does not want this PC
    ADDRESS = "address"  # the way leads elsewhere: waiting does not mend it
    DEVICE = "device"
    ASSIGNMENT = "assignment"  # whose register is it
    DISK = "disk"
    WORKING = "working"
    LINK = "link"  # mends itself, or the internet has to
    PAUSED = "paused"
    HINT = "hint"  # worth a line, never a colour
    FAILED = "failed"  # a job that ended undone: told once, and seen among the last receipts


ORDER: Mapping[Kind, int] = MappingProxyType({kind: rank for rank, kind in enumerate(Kind)})

ICONS: Mapping[Kind, IconState] = MappingProxyType(
    {
        Kind.NOT_RUNNING: IconState.OFFLINE,
        Kind.WORKPLACE: IconState.ATTENTION,
        Kind.DECISION: IconState.ATTENTION,
        Kind.ACCOUNT: IconState.ATTENTION,
        Kind.ADDRESS: IconState.ATTENTION,
        Kind.DEVICE: IconState.ATTENTION,
        Kind.ASSIGNMENT: IconState.ATTENTION,
        Kind.DISK: IconState.ATTENTION,
        Kind.WORKING: IconState.WORKING,
        Kind.LINK: IconState.OFFLINE,
        Kind.PAUSED: IconState.PAUSED,
    }
)

PASSING = frozenset(
    {"device_busy", "no_server_time", "resolving", "shift_in_doubt", "cash_in_doubt", "wrong_epoch", "lease_passed",
     "shift_open", "busy", "too_late", "stale_rev", "terminal_busy", "payment_in_doubt"}
)  # fmt: skip
"""What a register waits for without anybody's help, or what is said elsewhere: no reason to alarm a cashier.
A shift that the desk's policy does not touch is one: a person has to open or close it."""

_ACCOUNT = frozenset(
    {"bad_welcome", "unknown_agent", "wrong_tenant", "agent_not_active", "bad_signature", "superseded"}
)
_ADDRESS: Mapping[str, str] = MappingProxyType(
    {
        "bad_link_url": "bad_link_url",
        "wrong_subprotocol": "wrong_place",
        "no_websocket": "wrong_place",
        "tls_certificate": "tls_certificate",
    }
)
_WAY: Mapping[str, str] = MappingProxyType(
    {
        "unreachable": "unreachable",
        "timeout": "timeout",
        "server_silent": "timeout",
        "proxy": "proxy",
        "http_407": "proxy",
        "tls": "tls",
        "going_down": "server_down",
        "http_408": "server_down",
        "http_425": "server_down",
        "http_429": "server_down",
    }
)
_OUT_OF_REACH = frozenset({"device_offline", "link_lost", "no_reply", "port_busy", "wrong_device"})
_STARTING = frozenset({AgentLink.CONNECTING, AgentLink.GREETING, AgentLink.PROVING, AgentLink.CHECKING})


@dataclass(frozen=True, slots=True)
class Concern:
    """``sentence`` without a full stop, ``advice`` may be empty. ``note`` names the occasion when it is worth a
    notification; ``job_id`` is what a person can decide."""

    kind: Kind
    sentence: str
    advice: str = ""
    note: str = ""
    job_id: str = ""


def concerns(status: AgentStatus | None, now: datetime, language: Language) -> tuple[Concern, ...]:
    """Everything that is not simply well, the most important first. Of two of one kind the first in the picture."""
    if status is None:
        return (Concern(Kind.NOT_RUNNING, *told(WORDS["not_running"], language), note="not_running"),)
    found = (
        *_workplace(status, language),
        *_decisions(status, language),
        *_link(status.link, status.server_url, language),
        *(concern for device in status.devices for concern in _device(device, status, now, language)),
        *_this_pc(status, language),
        *_undone(status, now, language),
        *_asked(status, language),
    )
    return tuple(sorted(found, key=lambda concern: ORDER[concern.kind]))


def name_of(job: JobStatus, language: Language) -> str:
    """``Чек на 1 250,00 ₽``."""
    kind = say(job.kind if job.kind in WORDS else "job", language)
    return kind if job.total is None else say("of_sum", language, kind=kind, total=money(job.total, language))


def _workplace(status: AgentStatus, language: Language) -> Iterator[Concern]:
    if status.quarantined or status.link.state is AgentLink.QUARANTINED:
        yield Concern(Kind.WORKPLACE, *told(DECISIONS["H6"], language), note="workplace")


def _decisions(status: AgentStatus, language: Language) -> Iterator[Concern]:
    for job in status.decisions:
        case = _case_of(job)
        sentence, advice = to_decide(job, language)
        yield Concern(Kind.DECISION, sentence, advice, note=f"decision:{job.job_id}:{case}", job_id=job.job_id)


def to_decide(job: JobStatus, language: Language) -> tuple[str, str]:
    """Sentence and advice about a job that waits for a person."""
    what = name_of(job, language)
    return told(DECISIONS[_case_of(job)], language, what=what, of=inside(what))


def _case_of(job: JobStatus) -> str:
    code = job.case or (job.reason.code if job.reason is not None else "")
    return code if code in DECISIONS else CASE_OF.get(code, "held" if job.state == "held" else "other")


def _link(link: LinkStatus, server_url: str, language: Language) -> Iterator[Concern]:
    if link.state in (AgentLink.READY, AgentLink.QUARANTINED):
        return
    if link.state is AgentLink.STOPPED:
        yield Concern(Kind.NOT_RUNNING, say("stopping", language))
        return
    cyrillic = cyrillic_at(server_url)
    if cyrillic is not None:
        sentence, advice = told(TROUBLES["address_cyrillic"], language, letter=cyrillic[1])
        yield Concern(Kind.ADDRESS, sentence, advice, note="link:address_cyrillic")
    elif link.trouble is not None:
        kind, words = _judged(link.trouble)
        loud = kind is not Kind.LINK or link.failures >= OUTAGE
        note = "" if not loud else "link" if kind is Kind.LINK else f"link:{link.trouble.code}"
        yield Concern(kind, *told(TROUBLES[words], language), note=note)
    else:
        yield Concern(Kind.LINK, say("connecting_server", language))


def _judged(trouble: Trouble) -> tuple[Kind, str]:
    """Whether waiting mends it, and the key of its words."""
    code = trouble.code
    if code in _ACCOUNT:
        return Kind.ACCOUNT, code
    if code in _ADDRESS:
        return Kind.ADDRESS, _ADDRESS[code]
    if code in _WAY:
        return Kind.LINK, _WAY[code]
    if code.startswith(("http_3", "http_4")):
        return Kind.ADDRESS, "wrong_place"
    if code.startswith("http_"):
        return Kind.LINK, "server_down"
    return Kind.LINK, "link_lost_server"


def _device(device: DeviceStatus, status: AgentStatus, now: datetime, language: Language) -> Iterator[Concern]:
    if device.job is not None:
        yield Concern(Kind.WORKING, _in_hand(device, status, language))
    reason = device.trouble
    if reason is not None and reason.code not in PASSING and not _being_decided(device, status, reason):
        yield Concern(
            Kind.DEVICE, *_told_of(device, status, reason, language), note=f"device:{device.kkm_id}:{reason.code}"
        )
    elif status.link.state is AgentLink.READY and device.met and not device.bound:
        if now - status.link.since >= SETTLING:
            words = told(TROUBLES["not_bound"], language, kkm_id=device.kkm_id)
            yield Concern(Kind.ASSIGNMENT, *words, note=f"unbound:{device.kkm_id}")
    elif device.bound and device.desk is None and not device.is_terminal:
        yield Concern(Kind.HINT, *told(TROUBLES["no_desk"], language, kkm_id=device.kkm_id))


def _being_decided(device: DeviceStatus, status: AgentStatus, reason: Reason) -> bool:
    """The register waits for the very decision that is asked for above."""
    return reason.code in CASE_OF and any(job.kkm_id == device.kkm_id for job in status.decisions)


def _in_doubt(device: DeviceStatus, status: AgentStatus) -> bool:
    return any(job.job_id == device.job and job.state == "resolving" for job in status.recent)


def _told_of(device: DeviceStatus, status: AgentStatus, reason: Reason, language: Language) -> tuple[str, str]:
    if reason.code in _OUT_OF_REACH and _in_doubt(device, status):
        sentence, advice = told(TROUBLES["silent_in_doubt"], language)
        return f"{_which(device, status, language)}{sentence}", advice
    cyrillic = cyrillic_at(device.address) if reason.code == "bad_address" else None
    if cyrillic is not None:
        sentence, advice = told(TROUBLES["bad_address_cyrillic"], language, letter=cyrillic[1])
    else:
        sentence, advice = trouble(reason, language, kkm_id=device.kkm_id)
    return f"{_which(device, status, language)}{sentence}", advice


def _which(device: DeviceStatus, status: AgentStatus, language: Language) -> str:
    """The device's name before its sentence, where there are several of its kind."""
    alike = [other for other in status.devices if other.is_terminal is device.is_terminal]
    return f"{register(device, language)}: " if len(alike) > 1 else ""


def register(device: DeviceStatus, language: Language) -> str:
    if device.is_terminal:
        return say("terminal", language, kkm_id=device.kkm_id)
    return plain(device.desk or "") or say("register", language, kkm_id=device.kkm_id)


def _in_hand(device: DeviceStatus, status: AgentStatus, language: Language) -> str:
    jobs = [job for job in (*status.recent, *status.decisions) if job.job_id == device.job]
    what = name_of(jobs[0], language) if jobs else say("job", language)
    key = f"step_{device.step or ''}"
    if key in WORDS:
        step = say(key, language)
    elif device.step in TROUBLES or device.step in CODES:
        step = trouble(Reason(code=device.step or "", text="", advice="", safe_to_repeat=False), language,
                       kkm_id=device.kkm_id)[0]  # fmt: skip
        step = inside(step)
    else:
        step = say("step_", language)
    return _which(device, status, language) + say("in_hand", language, what=what, step=step)


def _this_pc(status: AgentStatus, language: Language) -> Iterator[Concern]:
    for missing in status.awaited:
        words = told(TROUBLES["awaited_at_desk" if missing.name else "awaited"], language,
                     kkm_id=missing.kkm_id, desk=plain(missing.name))  # fmt: skip
        yield Concern(Kind.ASSIGNMENT, *words, note=f"awaited:{missing.kkm_id}")
    if not status.devices and not status.awaited:
        yield Concern(Kind.ASSIGNMENT, *told(TROUBLES["no_devices"], language), note="no_devices")
    if status.disk_low:
        yield Concern(Kind.DISK, *told(TROUBLES["disk_low"], language), note="disk")
    if status.paused:
        key = "pausing" if status.in_hand else "paused"
        yield Concern(Kind.PAUSED, *told(WORDS[key], language))


def _asked(status: AgentStatus, language: Language) -> Iterator[Concern]:
    for ask in status.asks:
        if not ask.own:  # whoever made one just now knows
            words = WORDS[asked_words(ask, why=bool(ask.reason))]
            sentence, advice = told(words, language, who=who_asks(ask, language), why=plain(ask.reason).rstrip("."))
            yield Concern(Kind.HINT, sentence, advice, note=f"{ask.what}:{ask.request_id}")


def asked_words(ask: SupportAsk, *, why: bool = False) -> str:
    """The key of the words that say what support asks for, and why where that is to be said, too."""
    plainly, with_reason = ("log_asked", "log_asked_why") if ask.what == "log" else ("bundle_asked", "bundle_asked_why")
    return with_reason if why else plainly


def who_asks(ask: SupportAsk, language: Language) -> str:
    return plain(ask.person) or say("bundle_nobody", language)


def _undone(status: AgentStatus, now: datetime, language: Language) -> Iterator[Concern]:
    for job in status.recent:
        if job.state not in ("not_done", "rejected") or now - job.at > SOON:
            continue
        why, advice = trouble(job.reason, language, kkm_id=job.kkm_id) if job.reason is not None else ("", "")
        end = say(f"end_{job.state}_why", language, why=why) if why else say(f"end_{job.state}", language)
        sentence = say("in_hand", language, what=name_of(job, language), step=end)
        yield Concern(Kind.FAILED, sentence, advice, note=f"failed:{job.job_id}")
