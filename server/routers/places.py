"""Which registers wait for a device. It needs no API key: the PC signs the question."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from server.problems import Problem
from server.routers.common import PROBLEMS, Here, not_too_often
from server.services import places

router = APIRouter(tags=["pairing (agent)"], responses=PROBLEMS)


class Places(BaseModel):
    places: list[places.PlaceView]


@router.post("/places")
async def ask_places(asked: places.PlacesAsked, here: Here, request: Request) -> Places:
    """The registers of the directory that nothing stands for yet, for a person at that PC to choose from."""
    address = request.client.host if request.client is not None else ""
    not_too_often(here.rates.strangers.blocked(address))
    async with here.database.read() as work:
        try:
            return Places(places=await places.unfilled(work, asked))
        except Problem:
            not_too_often(here.rates.strangers.take(address))
            raise
