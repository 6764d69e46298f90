"""Which register is which: what stands here, what could be here, what has answered; one click says whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.config import Device, Language
from agent.page.gate import Response, Visit
from agent.page.markup import Element, Node, tag
from agent.page.search import Search
from agent.page.sheet import box, field, form, sheet, table
from agent.page.words import say
from agent.places import Place
from agent.status import DeviceStatus
from agent.tray.words import trouble
from drivers.discovery import Answer, Candidate
from drivers.registry import known_drivers, known_terminals
from drivers.terminal_api import TerminalIdentity
from protocol.crm.codes import reason

PATH = "/registers"
SEARCH = "/search"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page is about. ``known``: the serial numbers of the registers that belong to this PC, by KKM_ID."""

    devices: Sequence[Device]
    looks: Sequence[DeviceStatus]
    candidates: Sequence[Candidate]
    search: Search | None
    places: Sequence[Place]
    known: Mapping[str, str]


def page(shown: Shown, visit: Visit, language: Language, *, error: str = "", kept: bool = False) -> Response:
    at_it = shown.search is not None and shown.search.at_it
    return sheet(
        say("registers", language),
        box("bad", tag("p", error)) if error else None,
        box("good", tag("p", say("kept", language))) if kept else None,
        *_missing(shown, language),
        *_here(shown, language),
        *(_found(shown, shown.search, visit, language) if shown.search is not None else ()),
        *_could_be(shown, visit, language),
        language=language,
        again=at_it,
    )


def _missing(shown: Shown, language: Language) -> Iterator[Element]:
    """A workplace of the CRM at this PC without a device."""
    for place in shown.places:
        if place.here:
            yield box("bad", tag("p", say("no_device_for", language, kkm_id=place.kkm_id, desk=place.name)))


def state_of(device: DeviceStatus, language: Language) -> str:
    """How a register of ours is, in a sentence."""
    if device.trouble is not None:
        return trouble(device.trouble, language, kkm_id=device.kkm_id)[0]
    if device.job is not None:
        return say("is_busy", language)
    if not device.met:
        return say("is_silent", language)
    if not device.bound:
        return say("is_unbound", language)
    return say("is_ready" if device.desk is not None or device.is_terminal else "without_desk", language)


def _here(shown: Shown, language: Language) -> Iterator[Element]:
    yield tag("h2", say("here", language))
    if not shown.devices:
        yield tag("p", say("none_here", language), class_="pale")
        return
    looks = {look.kkm_id: look for look in shown.looks}
    rows: list[tuple[Node, ...]] = []
    for device in shown.devices:
        look = looks.get(device.kkm_id)
        name = (look.desk if look is not None else None) or say("kkm", language, kkm_id=device.kkm_id)
        how = state_of(look, language) if look is not None else ""
        rows.append((name, tag("code", device.address), _who(look, language), how))
    yield table(("", "", "", ""), rows)


def _who(look: DeviceStatus | None, language: Language) -> str:
    if look is not None and look.terminal is not None:
        return _named(look.terminal, language)
    if look is None or look.identity is None:
        return ""
    return f"{look.identity.model}, {say('serial', language, serial=look.identity.register_serial)}"


def _named(terminal: TerminalIdentity, language: Language) -> str:
    model = " ".join(part for part in (terminal.vendor, terminal.model) if part)
    return f"{model}, {say('terminal_id', language, id=terminal.terminal_id)}" if terminal.terminal_id else model


def _could_be(shown: Shown, visit: Visit, language: Language) -> Iterator[Element]:
    yield tag("h2", say("could_be", language))
    if shown.search is None:
        yield tag("p", say("silent_list", language), class_="pale")
    yield table(("", ""), [(tag("code", one.address), one.description) for one in shown.candidates])
    if shown.search is None or not shown.search.at_it:
        yield form(visit, SEARCH, tag("small", say("search_hint", language)), submit=say("search", language))
    yield tag(
        "details",
        tag("summary", say("by_hand", language)),
        form(
            visit, PATH,
            field(say("kkm_id_of", language), "kkm_id", required=True, maxlength="64"),
            field(say("driver", language), "driver", list="drivers", required=True, maxlength="64"),
            tag(
                "datalist",
                [tag("option", value=driver) for driver in (*known_drivers(), *known_terminals())],
                id="drivers",
            ),
            field(say("where", language), "address", hint="tcp:192.168.137.111:7778, serial:COM3", required=True),
            submit=say("keep", language),
        ),
        open=shown.search is not None and not shown.search.at_it and not shown.search.found,
    )  # fmt: skip


def _found(shown: Shown, search: Search, visit: Visit, language: Language) -> Iterator[Element]:
    yield tag("h2", say("found", language))
    if search.at_it:
        yield box("wait", tag("p", say("searching", language, done=search.done, of=search.of)))
    elif not search.found:
        yield box("bad", tag("p", say("found_none", language)))
    for answer in search.found:
        yield tag("article", *_one(answer, shown, visit, language))
    silent = [answer for answer in search.answers if not answer.found]
    if silent:
        rows: list[tuple[Node, ...]] = [
            (tag("code", one.address), one.driver, reason(one.code, language=language).text) for one in silent
        ]
        yield tag("details", tag("summary", say("asked_places", language)), table(("", "", ""), rows))


def _one(answer: Answer, shown: Shown, visit: Visit, language: Language) -> Iterator[Node]:
    register, terminal = answer.identity, answer.terminal
    if register is not None:
        yield tag("h2", f"{register.model}, {say('serial', language, serial=register.register_serial)}")
        yield tag("p", f"{say('fn', language, fn=register.fn_serial)} · ", tag("code", answer.address), class_="pale")
    elif terminal is not None:
        yield tag("h2", _named(terminal, language))
        yield tag("p", tag("code", answer.address), class_="pale")
    where = (
        tag("input", type="hidden", name="driver", value=answer.driver),
        tag("input", type="hidden", name="address", value=answer.address),
    )
    ours = [kkm_id for kkm_id, serial in shown.known.items() if serial == answer.serial]
    if ours:
        button = say("moved_here", language, kkm_id=ours[0])
        yield form(visit, PATH, *where, tag("input", type="hidden", name="kkm_id", value=ours[0]), submit=button)
        return
    expected = [place for place in shown.places if place.serial in (None, answer.serial)]
    for place in expected:
        hidden = tag("input", type="hidden", name="kkm_id", value=place.kkm_id)
        button = say("it_is_kkm", language, kkm_id=place.kkm_id, desk=place.name)
        yield form(visit, PATH, *where, hidden, submit=button)
    yield form(
        visit, PATH, *where,
        field(say("kkm_id_of", language), "kkm_id", required=True, maxlength="64"),
        submit=say("it_is_this", language),
    )  # fmt: skip
