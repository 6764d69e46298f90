"""The cable of a register is pulled out, at rest or in the middle of a receipt, and put in again: at the same place, or
under another name. The job ends by the rules of doubt, with one document; meanwhile all three say what is wrong.

The register is a simulated one behind a pseudo-terminal; the name that the PC has for it is a link which is taken away
and made anew. It lives on without its cable, as one with a power supply of its own does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.troubles.table import UNPLUGGED, UNPLUGGED_IN_RECEIPT
from tests.troubles.test_named import every_sale_has_one_document, named
from tests.troubles.workplace import Workplace, workplace

SLOWLY = "fault slow:command=8D,seconds=2"
"""The register takes its time to open the receipt: INTENT is on disk, and the cable can be pulled out."""

AT_REST = (("renumbered", "ttyUSB1"), ("unplugged", "ttyUSB1"), ("renumbered_back", "ttyUSB0"))
MIDDLE: tuple[tuple[str, str, str, int], ...] = (
    # name                     at the pull                                    the port comes back as   attempts
    ("renumbered_in_doubt", "fault answer-lost:command=FF45,stored=no", "ttyUSB2", 1),  # the receipt was made
    ("unplugged_unclosed", "fault drop:command=FF45", "ttyUSB2", 2),  # the close never came
    ("unplugged_filling", "fault drop:command=FF46", "ttyUSB2", 2),  # half of the receipt is in the register
    ("unplugged_closed", "fault answer-lost:command=FF45,stored=no", "ttyUSB2", 1),
)


class Port:
    """What the PC calls the register's port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = "ttyUSB0"
        self.put_in("ttyUSB0")

    @property
    def address(self) -> str:
        return f"pty:{self._folder / self.name}"

    def put_in(self, name: str) -> None:
        self.name = name
        (self._folder / name).symlink_to(self._folder / "line")

    def pull_out(self) -> None:
        (self._folder / self.name).unlink()


@contextmanager
def plugged(folder: Path) -> Iterator[tuple[Workplace, Port]]:
    with workplace(folder, listen=f"pty:{folder / 'line'}") as place:
        port = Port(folder)
        place.edit(place.till.address, port.address)
        place.start()
        place.shop.bound(place.till)
        place.until(lambda: place.well() and not place.doctor(), "a workplace in perfect health")
        yield place, port


def put_in(place: Workplace, port: Port, name: str) -> None:
    """Under another name nothing finds it until somebody says where it is; the serial number tells that it is it."""
    before = port.address
    port.put_in(name)
    if port.address != before:
        place.stop()
        place.edit(before, port.address)
        place.start()


@pytest.mark.parametrize(
    ("at_rest", "middle"),
    [
        pytest.param(AT_REST[:1], MIDDLE[:2], id="short", marks=pytest.mark.long),
        pytest.param(AT_REST, MIDDLE, id="all", marks=pytest.mark.long),
    ],
)
def test_a_cable_that_is_pulled_out_and_put_in_again(
    tmp_path: Path, at_rest: tuple[tuple[str, str], ...], middle: tuple[tuple[str, str, str, int], ...]
) -> None:
    with plugged(tmp_path) as (place, port):
        for name, comes_back in at_rest:
            port.pull_out()
            place.till.tell("hang-up")
            place.sell()
            named(place, replace(UNPLUGGED, name=name))
            put_in(place, port, comes_back)
            assert place.becomes("done")["attempt"] == 1
            place.until(place.well, "well")
        for name, at_the_pull, comes_back, attempts in middle:
            place.till.tell(SLOWLY)
            place.till.tell(at_the_pull)
            place.sell()
            place.becomes("started")
            port.pull_out()
            named(place, replace(UNPLUGGED_IN_RECEIPT, name=name))
            put_in(place, port, comes_back)
            job = place.becomes("done", "human", "not_done")
            assert (job["state"], job["attempt"]) == ("done", attempts), name
            place.until(place.well, "well")
        every_sale_has_one_document(place)
