"""What a page of a large account costs, over the same page of a small one.

Two servers, each with a database of its own: 100,000 jobs, 1,000 desks, and devices, PCs, sales, deliveries, requests
and lines of the audit in proportion; and 12,000 jobs at 121 desks, so that a page is as full. Every list of the API and
every page of the console, with their filters, at the first page, in the middle and at the end, asked in turn. Those
behind the first one are measured against the fullest page of the small account's list: its own end shows a few rows.
Calls are handed to the application; a socket costs the same on both sides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from sqlalchemy import create_engine

from benchmarks.rows import Options, Row, at_most
from server.app import build_app, open_services
from server.routers.browser import SESSION
from server.settings import Limits, Settings
from server.world import World
from tests.server import grown
from tests.server.direct import ask
from tests.server.grown import Grown, Size

LARGE, SMALL = Size(100_000, 1_000, waiting=20), Size(12_000, 121, waiting=20)
SAMPLES = 15
QUICKLY = Size(400, 20), Size(200, 10), 1
GOAL = 1.5
MOST_PAGES = 6
"""The last page is walked to from the first one, and at most so far."""
LIMITS = Limits(call_burst=10**9, calls_per_second=1e9)


@dataclass(frozen=True, slots=True)
class Side:
    app: Any
    client: httpx.AsyncClient
    grown: Grown

    async def asked(self, path: str) -> httpx.Response:
        url = path if path.startswith("/console") else f"/api/v1{path}"
        answer = await ask(self.app, self.client, "GET", f"http://127.0.0.1{url}")
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer

    async def walked(self, path: str) -> dict[str, int]:
        """The bytes of the pages from the first one on, by their addresses."""
        address, found = path, dict[str, int]()
        while address not in found and len(found) <= MOST_PAGES:  # where news may follow, the last page names itself
            answer = await self.asked(address)
            found[address] = len(answer.content)
            following = grown.cursor_in(answer.text, answer.headers["content-type"])
            if following is not None:
                address = f"{path}{'&' if '?' in path else '?'}cursor={following}"
        return found


def measure(options: Options) -> Iterator[Row]:
    yield from sorted(asyncio.run(_measured(options)), key=lambda row: row.ratio, reverse=True)


async def _measured(options: Options) -> list[Row]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    large, small, samples = QUICKLY if options.quick else (LARGE, SMALL, SAMPLES)
    async with AsyncExitStack() as stack:
        sides = []
        for mark, size in (("large", large), ("small", small)):
            begun = perf_counter()
            sides.append(await stack.enter_async_context(side(options.scratch, mark, size)))
            options.say(f"  {mark}: {size.jobs} jobs, {size.desks} desks, made in {perf_counter() - begun:.0f} s")
        return [row for path in (*grown.LISTS, *grown.PAGES) for row in await _rows(sides, path, samples, options)]


async def _rows(sides: Sequence[Side], path: str, samples: int, options: Options) -> list[Row]:
    ours, theirs = [await one.walked(path.format(**{k: quote(v) for k, v in one.grown.ids.items()})) for one in sides]
    pages, fullest = list(ours), max(theirs, key=lambda address: theirs[address])
    asked = [("first", pages[0], next(iter(theirs)))]
    asked += [("middle", pages[len(pages) // 2], fullest)] if len(pages) > 2 else []
    asked += [("last", pages[-1], fullest)] if len(pages) > 1 else []
    rows = []
    for name, here, there in asked:
        took, worked = ([list[float](), list[float]()] for _ in range(2))
        for _ in range(samples):
            for place, (one, address) in enumerate(zip(sides, (here, there), strict=True)):
                begun, processor = perf_counter(), process_time()
                await one.asked(address)
                took[place].append((perf_counter() - begun) * 1e3)
                worked[place].append((process_time() - processor) * 1e3)
        p99 = [sorted(times)[min(len(times) - 1, round(0.99 * len(times)))] for times in took]
        note = (
            f"p99 {p99[0]:.1f} and {p99[1]:.1f} ms; processor {median(worked[0]):.1f} and {median(worked[1]):.1f} ms; "
            f"{ours[here]} and {theirs[there]} bytes"
        )
        ours_is, theirs_is = median(took[0]), median(took[1])
        rows.append(
            Row(f"pages {path} {name}", ours_is, theirs_is, "ms", at_most(GOAL), samples, "a small account", note)
        )
    options.say(f"  {path}: {', '.join(f'{row.ours:.1f}/{row.theirs:.1f} ms' for row in rows)}")
    return rows


@asynccontextmanager
async def side(folder: Path, mark: str, size: Size) -> AsyncIterator[Side]:
    """A server over a database that has grown."""
    settings = Settings(database=str(folder / f"{mark}.sqlite3"), limits=LIMITS)
    services = await open_services(settings, World())  # the schema
    await services.database.close()
    engine = create_engine(f"sqlite:///{folder / f'{mark}.sqlite3'}")
    with engine.begin() as db:
        made = grown.grow(db, mark, size, datetime.now(UTC))
    engine.dispose()
    app = build_app(settings)
    app.state.services = services = await open_services(settings, World())
    client = httpx.AsyncClient(cookies={SESSION: made.session})
    try:
        yield Side(app, client, made)
    finally:
        await client.aclose()
        services.passwords.close()
        await services.database.close()
