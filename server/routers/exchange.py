"""/jobs/{job_id}/exchange: what was said to a job's devices and by them, as far as a PC has given it away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from server.pages import DEFAULT_LIMIT, CursorQuery, Limit
from server.routers.common import PROBLEMS, Here, Services, SupportCaller
from server.services import exchange

router = APIRouter(prefix="/jobs", tags=["support"], responses=PROBLEMS)
JobIdPath = Annotated[str, Path(max_length=200)]
Everything = Annotated[bool, Query(description="Also what says nothing of the work: ENQ, ACK and the like")]
EXAMPLE: dict[str, Any] = {
    "job_id": "order-1042-1",
    "bundle": {
        "bundle_id": "bu_2x6k3b7q5f4a2c7d", "agent_id": "ag_2x6k3b7q5f4a2c7d", "reference": "KB-4F7K-9QRT",
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "bytes": 18432,
        "received_at": "2026-11-23T09:04:00Z", "consent_person": "Иванова М.", "consent_at": "2026-11-23T09:03:51Z",
        "standing": False, "request_id": "rq_2x6k3b7q5f4a2c7d", "jobs": ["order-1042-1"],
        "kept_until": "2026-12-07T09:04:00Z", "available": True,
    },
    "total": 218,
    "records": [
        {
            "at": "2026-11-23T08:58:13.204118Z", "way": "rx", "kkm_id": "17", "driver": "shtrih", "part": None,
            "attempt": 1, "command": "CloseReceipt", "fields": {}, "tags": {}, "result": "6Bh paper_out", "text": None,
            "hex": "0203ff456bd0", "bytes": 6, "masked": [],
        },
    ],
    "damages": [],
    "cursor": None,
}  # fmt: skip


@router.get(
    "/{job_id}/exchange",
    responses={200: {"description": "One page", "content": {"application/json": {"example": EXAMPLE}}}},
)
async def get_exchange(
    job_id: JobIdPath,
    here: Here,
    caller: SupportCaller,
    cursor: CursorQuery = None,
    limit: Limit = DEFAULT_LIMIT,
    everything: Everything = False,
) -> exchange.ExchangeView:
    """What was said to the job's devices and by them, of a sale to all of them, from the newest kept bundle about it.
    404 ``no_exchange_yet`` while there is none: ask its PC, ``POST /agents/{agent_id}/bundle`` with ``jobs``."""
    place = place_of(here)
    return await exchange.page(
        here.database, place, here.exchanges, caller, job_id, cursor, limit, everything=everything
    )


def place_of(here: Services) -> exchange.Place:
    return exchange.Place(here.settings.bundle_folder, here.settings.limits.bundle_days)
