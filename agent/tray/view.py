"""What the tray shows of an agent: one pure function from its picture to icon, texts, menu and notifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from agent.status import AgentStatus, JobStatus
from agent.tray.model import (
    MESSAGE_UNITS,
    NOTHING_ASKED,
    TITLE_UNITS,
    TOOLTIP_UNITS,
    Action,
    Asked,
    IconState,
    Item,
    Language,
    Menu,
    Note,
    Separator,
    TrayView,
    Verb,
)
from agent.tray.text import cut, inside, lines, moment, plain, units
from agent.tray.troubles import ICONS, Concern, Kind, asked_words, concerns, name_of, register, who_asks
from agent.tray.words import WORDS, say, told, trouble

APP = "KassaBridge"
SHOWN = 6  # of the last receipts
DECISIONS_SHOWN = 3
JOBS_NAMED = 3  # of those that support asks about
LINE_UNITS = 90  # of one menu item; longer ones are a sign of somebody else's text

_UNSEEN_KINDS = frozenset({"device_status", "document", "terminal_status"})
"""Jobs that only read: nothing a cashier waits for."""


def view(status: AgentStatus | None, now: datetime, language: Language, asked: Asked = NOTHING_ASKED) -> TrayView:
    """``status`` is ``None`` while no agent answers. ``now`` has a zone, and times are shown in it."""
    found = concerns(status, now, language)
    icon, sentence, advice = _state(status, found, language, asked)
    text = _joined(sentence, advice)
    return TrayView(
        icon=icon,
        tooltip=cut(plain(f"{APP}: {text}"), TOOLTIP_UNITS),
        title=cut(plain(sentence), TITLE_UNITS),
        text=cut(plain(text), MESSAGE_UNITS),
        menu=_menu(status, found, now, language, asked, (sentence, advice)),
        notes=tuple(_note(concern) for concern in found if concern.note),
    )


def _state(
    status: AgentStatus | None, found: tuple[Concern, ...], language: Language, asked: Asked
) -> tuple[IconState, str, str]:
    if asked.quitting:
        busy = status is not None and bool(status.in_hand)
        sentence, advice = told(WORDS["quitting" if busy else "quitting_idle"], language)
        return IconState.WORKING if busy else IconState.PAUSED, sentence, advice
    first = next((concern for concern in found if concern.kind in ICONS), None)
    if first is None:
        return IconState.READY, say("ready", language), ""
    return ICONS[first.kind], first.sentence, first.advice


def _note(concern: Concern) -> Note:
    whole = plain(_joined(concern.sentence, concern.advice))
    sentence, advice = plain(concern.sentence), plain(concern.advice)
    text = advice if advice and units(sentence) <= TITLE_UNITS else whole
    return Note(concern.note, cut(sentence, TITLE_UNITS), cut(text, MESSAGE_UNITS))


def _joined(sentence: str, advice: str) -> str:
    return f"{sentence}. {advice}" if advice else sentence


# --- the menu -------------------------------------------------------------------------------------------------------


def _menu(
    status: AgentStatus | None,
    found: tuple[Concern, ...],
    now: datetime,
    language: Language,
    asked: Asked,
    state: tuple[str, str],
) -> Menu:
    sentence, advice = state
    decisions = [concern for concern in found if concern.kind is Kind.DECISION]
    top = Item(_line(sentence), Action(Verb.SHOW), default=not decisions)
    said = [concern for concern in found if concern.sentence != sentence and concern.kind is not Kind.FAILED]
    return (
        top,
        *inert(advice),
        *(entry for concern in said if concern.kind is not Kind.DECISION for entry in _told(concern)),
        *_to_call_off(status, language, asked),
        *_to_decide(status, decisions, now, language, asked, sentence),
        *_watched(status, now, language, asked),
        *_asks(status, language, asked),
        Separator(),
        Item(say("last_receipts", language), submenu=_last(status, now, language)),
        Item(say("window", language), Action(Verb.WINDOW), enabled=status is not None and not asked.quitting),
        Separator(),
        *_requests(status, language, asked),
        Separator(),
        languages(language),
        Item(named("quit", Verb.QUIT, language, asked), Action(Verb.QUIT), enabled=not asked.quitting),
    )


def _to_call_off(status: AgentStatus | None, language: Language, asked: Asked) -> Iterator[Item]:
    """Jobs in hand that their terminal can be asked to leave."""
    jobs = {job.job_id: job for job in status.recent} if status is not None else {}
    for device in status.devices if status is not None else ():
        if device.abortable and device.job is not None:
            job = jobs.get(device.job)
            what = inside(name_of(job, language)) if job is not None else inside(say("job", language))
            free = Verb.ABORT not in asked.doing and not asked.quitting
            yield Item(_line(say("abort_job", language, what=what)), Action(Verb.ABORT, device.job), enabled=free)


def _to_decide(
    status: AgentStatus | None, decisions: list[Concern], now: datetime, language: Language, asked: Asked, top: str
) -> Iterator[Item | Separator]:
    jobs = {job.job_id: job for job in status.decisions} if status is not None else {}
    for place, concern in enumerate(decisions[:DECISIONS_SHOWN]):
        job = jobs[concern.job_id]
        yield Separator()
        if concern.sentence != top:
            yield from _told(concern)
        text = say("decide_job", language, what=inside(name_of(job, language)), when=moment(job.at, now, language))
        yield Item(
            _line(text), Action(Verb.DECIDE, job.job_id), enabled=Verb.DECIDE not in asked.doing, default=place == 0
        )
    if len(decisions) > DECISIONS_SHOWN:
        yield Item(say("more_decisions", language, count=len(decisions) - DECISIONS_SHOWN), enabled=False)


_CHOICES: Mapping[str, tuple[Verb, ...]] = MappingProxyType(
    {
        "bundle": (Verb.LOOK_BUNDLE, Verb.SEND_BUNDLE, Verb.REFUSE_BUNDLE),
        "log": (Verb.LOOK_LOG, Verb.REFUSE_LOG),
    }
)
"""What can be said to what waits for somebody's consent."""


def _watched(status: AgentStatus | None, now: datetime, language: Language, asked: Asked) -> Iterator[Item | Separator]:
    """Support sees the log: until when, and how that ends."""
    if status is None or status.watched is None:
        return
    yield Separator()
    yield from inert(say("log_seen", language, until=f"{status.watched.until.astimezone(now.tzinfo):%H:%M}"))
    free = Verb.STOP_LOG not in asked.doing and not asked.quitting
    yield Item(named("stop_log", Verb.STOP_LOG, language, asked), Action(Verb.STOP_LOG), enabled=free)


def _asks(status: AgentStatus | None, language: Language, asked: Asked) -> Iterator[Item | Separator]:
    """What waits for somebody's consent: to look, to agree, to refuse."""
    for ask in status.asks if status is not None else ():
        verbs = _CHOICES[ask.what]
        free = not {*verbs} & asked.doing and not asked.quitting
        if ask.own:
            text = say("bundle_ready", language, reference=ask.request_id)
        else:
            text = say(asked_words(ask), language, who=who_asks(ask, language))
        choices = (
            Item(
                named(verb.value, verb, language, asked),
                Action(verb, ask.request_id),
                enabled=free and (ask.seen or verb is not Verb.SEND_BUNDLE),  # nobody agrees to what was not looked at
            )
            for verb in verbs
        )
        yield Separator()
        more = ("…",) if len(ask.jobs) > JOBS_NAMED else ()
        about = ", ".join((*ask.jobs[:JOBS_NAMED], *more))
        jobs = say("bundle_jobs", language, jobs=about) if about else ""
        yield Item(_line(text), submenu=(*inert(ask.reason), *inert(jobs), *choices))


def _requests(status: AgentStatus | None, language: Language, asked: Asked) -> Iterator[Item]:
    here = status is not None and not asked.quitting
    paused = status is not None and status.paused
    verb = Verb.RESUME if paused else Verb.PAUSE
    free = not {Verb.PAUSE, Verb.RESUME} & asked.doing
    yield Item(named(verb.value, verb, language, asked), Action(verb), enabled=here and free)
    yield _test_print(status, language, asked, here)
    for verb in (Verb.DOCTOR, Verb.BUNDLE):  # these tell why there is no agent, too
        free = verb not in asked.doing and not asked.quitting
        yield Item(named(verb.value, verb, language, asked), Action(verb), enabled=free)


def _test_print(status: AgentStatus | None, language: Language, asked: Asked, here: bool) -> Item:
    devices = [device for device in status.devices if not device.is_terminal] if status is not None else []
    able = here and bool(devices) and Verb.TEST_PRINT not in asked.doing
    text = named("test_print", Verb.TEST_PRINT, language, asked)
    if len(devices) > 1 and able:
        choices = tuple(
            Item(_line(register(device, language)), Action(Verb.TEST_PRINT, device.kkm_id)) for device in devices
        )
        return Item(say("test_print_on", language), submenu=choices)
    return Item(text, Action(Verb.TEST_PRINT, devices[0].kkm_id if devices else ""), enabled=able)


def languages(language: Language) -> Item:
    choices: tuple[tuple[str, Language], ...] = (("russian", "ru"), ("english", "en"))
    return Item(
        say("language", language),
        submenu=tuple(
            Item(say(name, language), Action(Verb.LANGUAGE, code), checked=code == language, radio=True)
            for name, code in choices
        ),
    )


def _last(status: AgentStatus | None, now: datetime, language: Language) -> Menu:
    jobs = [job for job in status.recent if job.kind not in _UNSEEN_KINDS] if status is not None else []
    if not jobs:
        return (Item(say("no_receipts", language), enabled=False),)
    return tuple(Item(_line(_history(job, now, language)), enabled=False) for job in jobs[:SHOWN])


def _history(job: JobStatus, now: datetime, language: Language) -> str:
    return say("history", language, when=moment(job.at, now, language), what=name_of(job, language),
               end=_end(job, language))  # fmt: skip


def _end(job: JobStatus, language: Language) -> str:
    """What became of a job, in a word or two."""
    key = f"end_{job.state}"
    if key not in WORDS:
        return say("end_unknown", language, state=job.state)
    if job.state == "done":
        end = say("end_done_fd", language, fd=job.fd) if job.fd is not None else say("end_done", language)
        return say("end_paper", language, end=end) if job.paper_pending else end
    if f"{key}_why" in WORDS and job.reason is not None:
        why = trouble(job.reason, language, kkm_id=job.kkm_id)[0]
        return say(f"{key}_why", language, why=inside(why))
    return say(key, language)


def named(key: str, verb: Verb, language: Language, asked: Asked) -> str:
    text = say(key, language)
    return say("doing", language, what=text.rstrip("…")) if verb in asked.doing else text


def _told(concern: Concern) -> Iterator[Item]:
    yield from inert(_joined(concern.sentence, concern.advice))


def inert(text: str) -> Iterator[Item]:
    for line in lines(plain(text)):
        yield Item(cut(line, LINE_UNITS), enabled=False)


def _line(text: str) -> str:
    return cut(plain(text), LINE_UNITS)
