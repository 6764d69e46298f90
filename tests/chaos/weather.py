"""What happens by itself in a shop: clocks are moved, PCs sleep, paper ends, cables are pulled, servers are restarted.

And the themes: a run may have one great thing happen to it (a disk restored from an older copy, a register moved to
another PC, a server restored from its backup), at a moment chosen by the dice.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.pc import PC
    from tests.chaos.world import World

PAUSE = 25.0  # seconds between two things that happen by themselves, on average


class Weather:
    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.dice.random
        self.busy = False
        """A theme is under way: the run does not end before it has."""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._random.expovariate(1 / PAUSE))
            if not self._world.dice.calm:
                what = self._random.choice(sorted(self._kinds()))
                await self._kinds()[what]()

    def _kinds(self):
        return {}

    def clear_up(self) -> None:
        """The faults are over: paper is in, the power is on."""
        for register in self._world.registers.values():
            register.device.load_paper()
