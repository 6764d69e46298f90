"""The kinds of devices that can be simulated: where each listens, what it can be told, how it is made and shown.

A family's modules are imported when one is wanted, not for a help text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.simulators.store import Store

if TYPE_CHECKING:
    from drivers.simulators.assembly import Wanted
    from drivers.simulators.case import Case


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of device that can be simulated."""

    title: str
    port: int  # where it listens unless told otherwise
    models: tuple[str, ...]  # the first is the usual one
    options: tuple[str, ...]  # that not every family has
    store: Callable[[Path | None], Store[Any]]
    assemble: Callable[[Wanted, bool], Case[Any]]
    dump: Callable[[Any], dict[str, Any]]  # of its memory, as ``--dump`` prints it
    program: bool = False  # it is started, at ``exe:DIR``; otherwise it is talked to


def _archive(state: Any) -> dict[str, Any]:
    """Of a register."""
    from drivers.simulators.dump import dump

    return dump(state.drive)


def _ledger(state: Any) -> dict[str, Any]:
    """Of a card terminal."""
    from drivers.simulators.bank.dump import dump_state

    return dump_state(state.bank)


def _shtrih_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.shtrih.assembly import store_of

    return store_of(path)


def _shtrih(options: Wanted, network: bool) -> Case[Any]:
    from drivers.simulators.shtrih.assembly import assemble

    return assemble(options, extra_byte=network)


def _atol_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.atol.assembly import store_of

    return store_of(path)


def _atol(options: Wanted, network: bool) -> Case[Any]:
    from drivers.simulators.atol.assembly import assemble

    return assemble(options, network=network)


def _atol_web_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.atol_web.assembly import store_of

    return store_of(path)


def _atol_web(options: Wanted, _network: bool) -> Case[Any]:
    from drivers.simulators.atol_web.assembly import assemble

    return assemble(options)


def _zvt_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.zvt.assembly import store_of

    return store_of(path)


def _zvt(options: Wanted, network: bool) -> Case[Any]:
    from drivers.simulators.zvt.assembly import assemble

    return assemble(options, network=network)


def _inpas_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.inpas.assembly import store_of

    return store_of(path)


def _inpas(options: Wanted, network: bool) -> Case[Any]:
    from drivers.simulators.inpas.assembly import assemble

    return assemble(options, network=network)


def _sber_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.sber.assembly import store_of

    return store_of(path)


def _sber(options: Wanted, _network: bool) -> Case[Any]:
    from drivers.simulators.sber.assembly import assemble

    return assemble(options)


def _arcus2_store(path: Path | None) -> Store[Any]:
    from drivers.simulators.arcus2.assembly import store_of

    return store_of(path)


def _arcus2(options: Wanted, _network: bool) -> Case[Any]:
    from drivers.simulators.arcus2.assembly import assemble

    return assemble(options)


REGISTER = ("ffd", "taxation", "model", "ofd", "overdrawn", "fn-days", "fn-capacity", "paper", "print-time")
"""Options of every fiscal register, and of every card terminal:"""
TERMINAL = ("steer", "pace", "terminal")


BUILT: Mapping[str, Family] = {
    "shtrih": Family(
        "fiscal register Shtrih-M",
        7778,
        ("standard", "mobile", "plain", "narrow"),
        (*REGISTER, "protocol", "vat-autoreplace"),
        _shtrih_store,
        _shtrih,
        _archive,
    ),
    "atol": Family(
        "fiscal register ATOL, by its wire protocol",
        5555,
        ("25f", "30f", "22v2f"),
        REGISTER,
        _atol_store,
        _atol,
        _archive,
    ),
    "atol-web": Family(
        "ATOL Web Server with a register",
        16732,
        ("25f", "30f", "22v2f"),
        (*REGISTER, "protocol", "auth", "task-time"),
        _atol_web_store,
        _atol_web,
        _archive,
    ),
    "zvt": Family(
        "card terminal by ZVT",
        20007,
        (),
        (*TERMINAL, "currency", "password", "vending", "unacknowledged", "reversed-shows"),
        _zvt_store,
        _zvt,
        _ledger,
    ),
    "inpas": Family("card terminal of INPAS, by its HTTP service", 9015, (), TERMINAL, _inpas_store, _inpas, _ledger),
    "sber": Family(
        "card terminal of Sber, by its program",
        0,
        (),
        (*TERMINAL, "manner", "select", "full-report"),
        _sber_store,
        _sber,
        _ledger,
        program=True,
    ),
    "arcus2": Family(
        "card terminal by Arcus2, a program",
        0,
        (),
        (*TERMINAL, "manner", "ops", "charset", "rrn"),
        _arcus2_store,
        _arcus2,
        _ledger,
        program=True,
    ),
}
