"""What nobody may see: numbers of cards, tracks, cryptograms.

Every behaviour looks for them in everything that a driver returns or raises; here the driver is asked for all of it.
"""

from __future__ import annotations

import pickle

from drivers.conformance.terminals.behaviours.doubt import LONGER, hang
from drivers.conformance.terminals.bench import Fate, Setting, Step
from drivers.conformance.terminals.catalogue import Able, behaviour
from drivers.conformance.terminals.clerk import Clerk
from drivers.conformance.terminals.stage import Stage
from drivers.terminal_api import Operation, ReportKind


@behaviour("masking.there-is-something", "the terminal knows a card's number, which is not told")
def something(stage: Stage) -> None:
    stage.connect()
    told = stage.pay()
    secrets = stage.truth().secrets
    assert any(len(secret) in range(13, 20) and secret.isdigit() for secret in secrets), "nothing was to be kept"
    stage.clean(told, str(told))


@behaviour("masking.everything", "nothing of it in any value, however it is written down")
def everything(stage: Stage) -> None:
    said: list[object] = [stage.connect(), stage.driver.status()]
    for bring in (stage.refund, stage.void):
        clerk = Clerk()
        said += [bring(stage.paid(), clerk=clerk), clerk.told, clerk.heard]
    capabilities = stage.driver.capabilities
    if capabilities.last_transaction:
        said.append(stage.last())
    if capabilities.reprints:
        said.append(stage.driver.reprint_last())
    said += [stage.driver.report(kind) for kind in ReportKind if kind in capabilities.reports]
    if capabilities.settles:
        said.append(stage.driver.settle())
    stage.clean(*said)
    stage.clean(pickle.dumps(said).decode("utf-8", errors="replace"))


@behaviour("masking.trace", "nothing of it in what is written down for support, of good answers and of bad ones",
           Setting.TRACED, Fate.GARBAGE, Fate.HALF)  # fmt: skip
def trace(stage: Stage) -> None:
    stage.connect()
    stage.refund(stage.paid())
    stage.driver.status()
    if stage.driver.capabilities.last_transaction:
        stage.last()
    for fate in (Fate.GARBAGE, Fate.HALF):
        stage.fate(Step.PAYMENT, fate)
        stage.recover(stage.in_doubt(stage.pay))
    assert stage.traced(), "nothing was written down"
    stage.clean(stage.traced())


@behaviour("masking.driver", "nothing of it in the driver's own repr after an operation")
def driver(stage: Stage) -> None:
    stage.connect()
    stage.paid()
    stage.clean(stage.driver)


@behaviour("masking.declined", "nothing of it where the bank declines", Fate.DECLINED)
def declined(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.DECLINED)
    stage.clean(stage.pay())


@behaviour("masking.garbage", "nothing of it in what is said of an answer that makes no sense", Fate.GARBAGE)
def garbage(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.GARBAGE)
    stage.in_doubt(stage.pay)


@behaviour("masking.half", "nothing of it in what is said of half an answer", Fate.HALF)
def half(stage: Stage) -> None:
    stage.connect()
    stage.fate(Step.PAYMENT, Fate.HALF)
    stage.in_doubt(stage.pay)


@behaviour("masking.found", "nothing of it in what is found of an operation later", Able.FINDS, Fate.HANG)
def found(stage: Stage) -> None:
    stage.connect()
    order = hang(stage)
    stage.sleep(2 * LONGER)
    stage.clean(stage.driver.find(order, Operation.PAYMENT))
