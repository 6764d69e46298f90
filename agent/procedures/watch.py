"""Which device events follow from two looks at a register. Pure.

A ``Look`` is what is kept of the last one (``DeviceRow.facts``): only what differs from it is an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from drivers.api import Paper, Status
from protocol.crm.messages import EventKind

DRIFT = timedelta(minutes=2)  # the register's clock is off by more than this
DRIFT_GONE = timedelta(minutes=1)  # and is right again below this: in between nothing is told twice


@dataclass(frozen=True, slots=True)
class Look:
    online: bool = True
    paper: bool = True
    cover_open: bool = False
    fn_warnings: tuple[str, ...] = ()
    drifting: bool = False
    setup_problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, value: dict[str, Any]) -> Look | None:
        """From the journal; an empty value is no look yet."""
        if not value:
            return None
        known = {name: tuple(value[name]) for name in ("fn_warnings", "setup_problems")}
        return cls(**{**value, **known})


def look(
    before: Look | None,
    status: Status | None,
    *,
    true_local: datetime | None = None,
    setup_problems: Sequence[str] | None = None,
) -> Look:
    """What is known after a look. ``status`` is ``None`` when nobody answered; what cannot be seen then, or without
    ``true_local`` (the desk's local time by the server's clock, no zone), stays as it was ``before``."""
    known = before if before is not None else Look()
    if status is None:
        return replace(known, online=False)
    warnings = (*status.fn_warnings, *((status.blocked,) if status.blocked is not None else ()))
    return Look(
        online=True,
        # Under an open cover a register cannot tell whether there is paper.
        paper=status.paper in (Paper.PRESENT, Paper.RESUMABLE) or (status.cover_open and known.paper),
        cover_open=status.cover_open,
        fn_warnings=tuple(sorted(warnings)),
        drifting=known.drifting if true_local is None else _drifts(known, status.at, true_local),
        setup_problems=known.setup_problems if setup_problems is None else tuple(sorted(setup_problems)),
    )


def _drifts(known: Look, register: datetime, true_local: datetime) -> bool:
    return abs(register - true_local) > (DRIFT_GONE if known.drifting else DRIFT)


def changes(before: Look | None, after: Look) -> tuple[EventKind, ...]:
    """The events between two looks. Before the first one all is taken to have been in order."""
    was = before if before is not None else Look()
    told = (
        (was.online and not after.online, EventKind.DEVICE_OFFLINE),
        (after.online and not was.online, EventKind.DEVICE_ONLINE),
        (was.paper and not after.paper, EventKind.PAPER_OUT),
        (after.paper and not was.paper, EventKind.PAPER_BACK),
        (after.cover_open and not was.cover_open, EventKind.COVER_OPEN),
        (was.cover_open and not after.cover_open, EventKind.COVER_CLOSED),
        (bool(set(after.fn_warnings) - set(was.fn_warnings)), EventKind.FN_WARNING),
        (after.drifting and not was.drifting, EventKind.CLOCK_DRIFT),
        (bool(set(after.setup_problems) - set(was.setup_problems)), EventKind.SETUP_PROBLEM),
    )
    return tuple(kind for happened, kind in told if happened)
