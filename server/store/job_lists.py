"""Lists of jobs, each a walk along one index or several side by side: what a page costs is what it shows.

Of several values at once the first jobs are not in the order of any index, so each combination of values is a walk of
its own, and the database takes from whichever comes next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from sqlalchemy import ColumnElement, Select, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute

from server.store.database import Work
from server.store.jobs import OPEN
from server.store.models import Job, Utc, table_of

_SHORT = {column.key: column for column in table_of(Job).columns if column.key not in ("document", "payload")}
_PLACE = (Job.created_at, Job.id)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs a list shows; what is empty or ``None`` does not matter. By the time of creation."""

    states: Collection[str] = ()
    kinds: Collection[str] = ()
    kkm_id: str | None = None
    order_ref: str | None = None
    owed: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(work: Work, tenant_id: str, wanted: Filter, *, before: str | int | None, limit: int) -> Sequence[Job]:
    """Newest first, below the job with the number ``before``; copies without their documents and payloads."""
    narrow: list[ColumnElement[bool]] = [Job.tenant_id == tenant_id]
    if before is not None:
        behind = await work.session.scalar(select(Job.created_at).where(Job.tenant_id == tenant_id, Job.id == before))
        if behind is None:
            return []
        narrow.append(tuple_(*_PLACE) < tuple_(literal(behind, Utc()), literal(before)))
    if wanted.since is not None:
        narrow.append(Job.created_at >= wanted.since)
    if wanted.until is not None:
        narrow.append(Job.created_at < wanted.until)
    some = (select(*_PLACE).where(*narrow, *which) for which in _sets(wanted))
    found = await work.session.rows(select(*_SHORT.values()).where(Job.id.in_(first_of(some, limit, newest=True))))
    rows = [Job(**dict(zip(_SHORT, row, strict=True))) for row in found]
    return sorted(rows, key=place, reverse=True)


def place(row: Job) -> tuple[datetime, int]:
    """Where a job stands in every list."""
    return row.created_at, row.id


def first_of(some: Iterable[Select[datetime, int]], limit: int, *, newest: bool = False) -> Select[int]:
    """The ids of the first jobs of all walks, each of which gives ``created_at`` and ``id``."""
    order = [column.desc() if newest else column for column in _PLACE]
    merged = union_all(*some).order_by(*order).limit(limit).subquery()
    return select(merged.c.id)


def walks(
    column: InstrumentedAttribute[str], values: Iterable[str], *which: ColumnElement[bool]
) -> Iterator[Select[datetime, int]]:
    """One for each value of the column."""
    for value in values:
        yield select(*_PLACE).where(column == value, *which)


def _sets(wanted: Filter) -> Iterator[Sequence[ColumnElement[bool]]]:
    """What each walk asks for. Every set of register, kind and state has an index of its own. So has an order, and what
    is owed: of those there are few, so that each is looked at, and what else is wanted must not choose another index:
    a column that is joined with nothing has none."""
    states = wanted.states or (OPEN if wanted.owed else ())
    kkm_ids = [wanted.kkm_id] if wanted.kkm_id is not None else []
    sets = [(column, list(dict.fromkeys(values))) for column, values in (
        (Job.kkm_id, kkm_ids), (Job.kind, wanted.kinds), (Job.state, states)
    ) if values]  # fmt: skip
    owed = [Job.owed.is_(wanted.owed)] if wanted.owed is not None else []
    if wanted.order_ref is not None:
        yield [Job.order_ref == wanted.order_ref, *owed, *((column + "").in_(values) for column, values in sets)]
    elif wanted.owed:
        yield [*owed, *((column + "").in_(values) for column, values in sets)]
    else:
        for which in product(*([column == value for value in values] for column, values in sets)):
            yield [*owed, *which]
