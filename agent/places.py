"""Asks the CRM which of its registers nothing stands for yet, so that a person can say it by one click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.identity import Identity
from agent.pairing import Http, UrllibHttp
from agent.problems import UserError
from protocol.crm.signing import signed_bytes

PATH = "/api/v1/places"
SIGNED_AS = "places"
TIMEOUT = 4.0  # seconds: somebody looks at a page


@dataclass(frozen=True, slots=True)
class Place:
    """``here``: the CRM expects it at this PC. ``serial``: of the register that it expects, if it does."""

    kkm_id: str
    name: str
    here: bool = False
    serial: str | None = None


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore")
    kkm_id: str
    desk_id: str | None = None
    name: str | None = None
    serial: str | None = None
    here: bool = False


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    places: list[_Told]


@dataclass(frozen=True, slots=True)
class Places:
    """Those that the CRM tells of, the ones expected here first."""

    identity: Identity
    now: Callable[[], datetime]
    http: Http = field(default_factory=lambda: UrllibHttp(TIMEOUT))

    def __call__(self) -> tuple[Place, ...]:
        """None when it cannot be asked."""
        return self.told() or ()

    def told(self) -> tuple[Place, ...] | None:
        """``None`` when it cannot be asked, or does not answer so."""
        asked = {"agent_id": self.identity.agent_id, "at": self.now().isoformat()}
        question = {**asked, "sig": self.identity.sign(signed_bytes(SIGNED_AS, asked))}
        try:
            answer = self.http("POST", f"{self.identity.server_url}{PATH}", question)
            told = _Answer.model_validate(answer.body).places if answer.status == 200 else None
        except (UserError, ValidationError):
            return None
        if told is None:
            return None
        found = [Place(one.kkm_id, one.name or one.desk_id or "", one.here, one.serial) for one in told]
        return tuple(sorted(found, key=lambda place: not place.here))
