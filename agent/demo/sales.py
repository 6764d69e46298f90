"""Sales by card in the demo: money at a simulated terminal, then the receipt; each shows one thing that can happen."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent.demo.stage import REGISTERS, Stage

LIMIT = 120.0


@dataclass(frozen=True, slots=True)
class Act:
    """``ends``: how the sale must end, and ``shows`` what it is there for. With ``paper_ends`` the register's roll runs
    out while the card is in the terminal, and a new one comes when the receipt waits for it."""

    ends: str
    shows: str
    paper_ends: bool = False


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "01-by-card": Act("done", "карта, затем чек / card, then receipt"),
        "02-declined": Act("not_done", "банк отказал / the bank declines"),
        "03-answer-lost": Act("not_done", "ответ терминала потерян / the answer is lost"),
        "04-card-and-cash": Act(
            "done", "бумага кончилась после оплаты / paper ends after the payment", paper_ends=True
        ),
    }
)
"""By the example's name. The simulated bank goes by the kopecks of the sum: ``.01`` is declined, of ``.05`` the answer
is lost, and the terminal takes back what was not acknowledged."""


@dataclass(frozen=True, slots=True)
class Sold:
    """How one example sale ended. ``charged``: what the terminal's bank holds for it, by its own book."""

    name: str
    shows: str
    job_id: str
    state: str
    good: bool
    seconds: float
    fd: int | None
    charged: str | None
    steps: list[str]
    reason: dict[str, Any] | None
    picture: str | None


def picture_name(example: Path) -> str:
    return f"sale-{example.stem}.png"


def sell(stage: Stage, path: Path) -> Sold:
    """Post one example as a job and follow it to its end."""
    act, job_id = ACTS[path.stem], f"demo-{path.stem}"
    began = time.monotonic()
    register = REGISTERS[0].kkm_id
    stage.api("POST", "/jobs", {**json.loads(path.read_text("utf-8")), "job_id": job_id, "desk_id": f"desk-{register}"})
    if act.paper_ends:
        stage.until(lambda: _job(stage, job_id), _card_is_read)
        stage.tell(register, "paper-out")
        stage.until(lambda: _job(stage, job_id), lambda job: (job["progress"] or {}).get("code") == "no_paper")
        stage.tell(register, "paper-in")
    job = stage.ended(job_id, LIMIT)
    proof: Mapping[str, Any] = job.get("proof") or {}
    charged = _charged(stage, job)
    picture = stage.picture(picture_name(path), job)
    whole = act.ends == "done"
    return Sold(
        name=path.stem,
        shows=act.shows,
        job_id=job_id,
        state=str(job["state"]),
        good=job["state"] == act.ends and (charged is not None) is whole and (picture is not None) is whole,
        seconds=round(time.monotonic() - began, 3),
        fd=proof.get("fd"),
        charged=charged,
        steps=[f"{step['step']} {step['state']}" for step in job["steps"]],
        reason=job.get("reason"),
        picture=picture,
    )


def _job(stage: Stage, job_id: str) -> dict[str, Any]:
    return stage.api("GET", f"/jobs/{job_id}")


def _card_is_read(job: dict[str, Any]) -> bool:
    """The charge has begun: from here on only the receipt needs paper."""
    return any(step["step"] == "payment" and step["state"] != "accepted" for step in job["steps"]) or bool(
        job["state"] == "started" and job["progress"]
    )


def _charged(stage: Stage, job: Mapping[str, Any]) -> str | None:
    """What the bank's book holds of this sale's payment: the simulator's own memory, not the job's word."""
    amounts = {step["amount"] for step in job["steps"] if step["step"] == "payment"}
    standing = [charge["amount"] for charge in stage.charges() if charge["state"] == "taken"]
    found = sorted(amounts.intersection(standing))
    return ", ".join(found) if found else None
