"""How the web server is spoken to: ``drivers/profiles/atol-web.toml``, and a file that may replace parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from drivers.fiscal.atol_json.register import Times
from drivers.fiscal.requisites import cashless_switch
from drivers.profiles import load, number
from drivers.transports.http import Credentials

GENERATIONS: Mapping[str, int | None] = {"auto": None, "1": 1, "2": 2}


@dataclass(frozen=True, slots=True)
class Profile:
    times: Times
    credentials: Credentials
    generation: int | None  # of the server's interface; None: found out when connecting
    answer: float  # seconds until an answer of the server itself counts as lost
    poll_first: float  # seconds until a queued task is looked at for the first time; doubled up to ``poll_most``
    poll_most: float
    cashless_details: bool  # the register's firmware takes tag 1234

    @property
    def library(self) -> str | None:
        """The version of a library that is sure to be old: servers of the first generation do not tell it."""
        return "" if self.generation == 1 else None


def load_profile(path: Path | None = None) -> Profile:
    """Raises ``SetupError`` (``bad_profile``) naming the file and what is wrong with it."""
    return load("atol-web.toml", path, (), _profile)


def _profile(values: Mapping[str, Any]) -> Profile:
    server, access, wait = values["server"], values["access"], values["wait"]
    return Profile(
        times=Times(**{each.name: number(f"time.{each.name}", values["time"][each.name]) for each in fields(Times)}),
        credentials=Credentials(_user(access["user"]), _text("access.password", access["password"])),
        generation=_generation(server["api"]),
        answer=number("wait.answer", wait["answer"]),
        poll_first=number("wait.poll_first", wait["poll_first"]),
        poll_most=number("wait.poll_most", wait["poll_most"]),
        cashless_details=cashless_switch(values["requisites"]["cashless_details"]),
    )


def _generation(value: Any) -> int | None:
    if value not in GENERATIONS:
        raise ValueError(f"server.api: one of {', '.join(GENERATIONS)} expected, not {value!r}")
    return GENERATIONS[value]


def _user(value: Any) -> str:
    user = _text("access.user", value)
    if ":" in user:
        raise ValueError("access.user: Basic authorisation has no place for a colon in it")
    return user


def _text(name: str, value: Any) -> str:
    """The value is never shown: it may be a secret."""
    if not isinstance(value, str):
        raise ValueError(f"{name}: text in quotes expected")
    return value
