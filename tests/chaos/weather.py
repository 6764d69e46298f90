"""What happens by itself in a shop: clocks are moved, PCs sleep, paper ends, cables are pulled, programs are restarted.

And the themes: a run may have one great thing happen to it (a disk restored from an older copy, a register moved to
another PC, a new fiscal drive, a server restored from its backup), at a moment chosen by the dice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from server.problems import Problem
from server.services import agents, directory
from server.store.database import Work
from tests.chaos.pc import copy_of
from tests.chaos.template import SERVER

if TYPE_CHECKING:
    from tests.chaos.devices import Register
    from tests.chaos.pc import PC, copy_of
    from tests.chaos.terminals import Terminal
    from tests.chaos.world import World

PAUSE = 9.0  # seconds between two things that happen by themselves, on average
KILLERS = frozenset({"pc_power", "register_power", "paper", "cables"})
"""What may cost an attempt that is under way."""
DEAR = frozenset(
    {"disk_low", "sleep", "cut", "hole", "half_open", "server_restart", "server_kill", "agent_restart", "pc_power"}
)
"""What happens less often: it ends a connection, or a job before it has begun."""
DEARNESS = 0.12
CLOCK_JUMPS = (1.0, -1.0, 262.0, -262.0, 3600.0, -3600.0, 86400.0, -86400.0, 10 * 365 * 86400.0)
SLEEPS = (300.0, 3600.0, 8 * 3600.0)


class Weather:
    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.dice.random
        self.busy = world.plan.theme != "plain"
        """A theme is still to come or under way: the run does not end before it has."""
        self._kinds: Mapping[str, Callable[[], Awaitable[None]]] = {
            "pc_clock": self._pc_clock, "register_clock": self._register_clock, "sleep": self._sleep,
            "paper": self._paper, "cut": self._cut, "hole": self._hole, "half_open": self._half_open,
            "server_restart": self._server_restart, "server_kill": self._server_kill,
            "agent_restart": self._agent_restart, "pc_power": self._pc_power, "register_power": self._register_power,
            "disk_low": self._disk_low, "cables": self._cables,
        }  # fmt: skip
        if world.terminals:
            self._kinds = {
                **self._kinds, "terminal_unplugged": self._terminal_unplugged, "terminal_power": self._terminal_power,
                "other_terminal": self._other_terminal, "foreign_payment": self._foreign_payment,
                "own_settlement": self._own_settlement,
            }  # fmt: skip
        self._themes: Mapping[str, Callable[[], Awaitable[None]]] = {
            "rollback": self._rollback, "move": self._move, "dead_pc": self._dead_pc,
            "server_restored": self._server_restored, "fn_swap": self._fn_swap, "offline": self._offline,
        }  # fmt: skip

    async def run(self) -> None:
        if self.busy:
            self._world.loop.create_task(self._theme())
        if self._shared():
            self._world.loop.create_task(self._cashier())
        while True:
            await asyncio.sleep(self._random.expovariate(1 / PAUSE))
            dice = self._world.dice
            kinds = [kind for kind in self._kinds if kind not in DEAR or self._random.random() < DEARNESS]
            kinds += ["foreign"] * 3 if self._shared() else []
            kinds += ["agent_restart"] * 8 if self._world.asks_for_people else []  # the first thing that people try
            kind = self._random.choice(kinds)
            if not dice.calm and dice.under_way() and (kind not in KILLERS or dice.may_kill()):
                await self.happen(kind)

    async def happen(self, kind: str) -> None:
        self._world.dice.struck("weather", kind)
        if kind == "foreign":
            self._random.choice(self._shared()).foreign_receipt(self._random.choice(self._world.crm.totals()))
        else:
            await self._kinds[kind]()

    def clear_up(self) -> None:
        """The faults are over: paper is in, there is room on the disk, and nobody is away for good."""
        self._world.disk_low = False
        for register in self._world.registers.values():
            register.tick()
            register.device.forget_faults()
            register.device.load_paper()
        for terminal in self._world.terminals.values():
            terminal.clear_up()

    # --- whom it strikes

    def _pc(self) -> PC:
        return self._random.choice(
            [pc for pc in self._world.pcs.values() if pc.wanted] or list(self._world.pcs.values())
        )

    def _register(self) -> Register:
        register = self._random.choice(list(self._world.registers.values()))
        register.tick()
        return register

    def _terminal(self) -> Terminal:
        terminal = self._random.choice(list(self._world.terminals.values()))
        terminal.tick()
        return terminal

    def _shared(self) -> list[Register]:
        return [register for register in self._world.registers.values() if register.shared]

    # --- kinds

    async def _pc_clock(self) -> None:
        self._pc().wall_off += self._random.choice(CLOCK_JUMPS)

    async def _register_clock(self) -> None:
        self._register().device.move_clock(self._random.choice((-60.0, 60.0, 300.0, 3600.0)))

    async def _sleep(self) -> None:
        """Everybody: monotonic clocks of the PCs stand still."""
        seconds = self._random.choice(SLEEPS)
        for pc in self._world.pcs.values():
            pc.cut_link()
        self._world.leap(seconds)

    async def _paper(self) -> None:
        register = self._register()
        register.device.take_paper()
        self._world.loop.after(self._random.choice((10.0, 45.0)), lambda: register.device.load_paper())

    async def _cut(self) -> None:
        self._pc().cut_link()

    async def _hole(self) -> None:
        self._pc().lose_link()

    async def _half_open(self) -> None:
        self._pc().fade_link()

    async def _server_restart(self) -> None:
        if self._world.listening:
            self._world.listening = False
            await self._world.server.stop()

    async def _server_kill(self) -> None:
        self._world.server.process.kill()

    async def _agent_restart(self) -> None:
        pc = self._pc()
        if pc.stopping is not None:
            pc.stopping.set()

    async def _pc_power(self) -> None:
        pc = self._pc()
        if pc.process is not None:
            pc.process.kill()

    async def _register_power(self) -> None:
        register = self._register()
        if register.device.powered:
            register.cut_power(self._random.choice((0.5, 5.0, 40.0)), annulled=self._random.random() < 0.5)

    async def _disk_low(self) -> None:
        self._world.disk_low = True

        def room() -> None:
            self._world.disk_low = False

        self._world.loop.after(20.0, room)

    async def _cables(self) -> None:
        pc = self._pc()
        if len(pc.registers) > 1:
            pc.swap_cables()
            self._world.loop.after(self._random.choice((10.0, 40.0)), pc.swap_cables)

    # --- at card terminals

    async def _terminal_unplugged(self) -> None:
        self._terminal().unplug(self._random.choice((3.0, 40.0)))

    async def _terminal_power(self) -> None:
        self._terminal().cut_power(self._random.choice((1.0, 8.0, 40.0)))

    async def _other_terminal(self) -> None:
        self._terminal().another_is_put_up(self._random.choice((10.0, 60.0)))

    async def _foreign_payment(self) -> None:
        """By another program, perhaps of a sum that somebody here asks for, too."""
        self._terminal().foreign_payment(self._random.choice(self._world.crm.sums()))

    async def _own_settlement(self) -> None:
        """By itself, as it may every night."""
        self._terminal().closes_its_day()

    async def _cashier(self) -> None:
        """Where other programs work, too, a document that stays open for a minute is cancelled by hand: nobody else may
        say that it is nobody's."""
        since: dict[str, float] = {}
        while True:
            await asyncio.sleep(20.0)
            now = self._world.loop.now
            for register in self._shared():
                if not register.document_open:
                    since.pop(register.kkm_id, None)
                elif now - since.setdefault(register.kkm_id, now) >= 60.0:
                    register.cancel_by_hand()
                    self._world.note(f"cancelled by hand on {register.kkm_id}")

    # --- themes

    async def _theme(self) -> None:
        await asyncio.sleep(self._random.choice((0.0, self._world.plan.off)) + self._random.uniform(1.0, 12.0))
        try:
            self._world.note(f"theme {self._world.plan.theme}")
            await self._themes[self._world.plan.theme]()
            self._world.dice.struck("theme", self._world.plan.theme)
        finally:
            self.busy = False

    async def _rollback(self) -> None:
        """The PC's disk is restored from an older copy; a person compares and confirms."""
        pc = self._pc()
        image = pc.copy_disk()
        await asyncio.sleep(self._random.uniform(1.0, 25.0))
        pc.switch_off()
        await asyncio.sleep(2.0)
        if pc.copy_disk() != image:
            self._world.flags.add("rollback")
        pc.replace_disk(image)
        pc.switch_on()
        await self._confirmed(pc)

    async def _confirmed(self, pc: PC) -> None:
        """Whenever the server has put this PC into quarantine, a person compares the books and answers for it."""
        by = agents.Confirmation(person="Владелец", reason="сверено с архивом ККТ")
        agent_id = pc.identity.agent_id
        for _ in range(30):
            await asyncio.sleep(5.0)
            if self._state_of(pc) == "quarantined":
                await asyncio.sleep(self._random.choice((5.0, 40.0)))
                await self._ask("confirm", lambda work: agents.confirm(
                    work, self._world.server.services.world, self._world.template.tenant_id, agent_id, by
                ))  # fmt: skip
                return

    def _state_of(self, pc: PC) -> str:
        return str(self._world.look("SELECT state FROM agents WHERE id = ?", pc.identity.agent_id)[0][0])

    async def _ask(self, what: str, work: Callable[[Work], Awaitable[object]]) -> None:
        try:
            await self._world.crm.request(what, work)
        except Problem as problem:
            self._world.note(f"{what} refused: {problem.code}")

    async def _move(self) -> None:
        """The owner moves the register to the other PC, which has the cable from now on, too."""
        await self._moved(directory.Move(agent_id=self._world.pcs["b"].identity.agent_id))

    async def _dead_pc(self) -> None:
        """The old PC has died: the owner says so, and it may come back later all the same."""
        old, new = self._world.pcs["a"], self._world.pcs["b"]
        old.switch_off()
        await asyncio.sleep(self._random.choice((3.0, 70.0)))
        asked = directory.Move(agent_id=new.identity.agent_id, old_pc_off=True, person="Владелец")
        await self._moved(asked)
        await asyncio.sleep(self._random.choice((5.0, 60.0)))
        old.switch_on()

    async def _moved(self, asked: directory.Move) -> None:
        """With the terminal beside it."""
        self._world.flags.add("move")
        for kkm_id in ("1", *self._world.terminals):
            await self._ask("move", lambda work, kkm_id=kkm_id: directory.move(  # type: ignore[misc]
                work, self._world.server.services.world, self._world.template.tenant_id, kkm_id, asked
            ))  # fmt: skip

    async def _server_restored(self) -> None:
        """The server's database is restored from a backup: what came after it is forgotten there."""
        world = self._world
        image = copy_of(world.folder / SERVER)
        await asyncio.sleep(self._random.uniform(1.0, 25.0))
        world.server_wanted = False
        world.server.process.kill()
        await asyncio.sleep(3.0)
        world.restore_server(image)
        world.server_wanted = True
        await world.start_server()

    async def _offline(self) -> None:
        """The internet is gone from the moment at which a sale has begun."""
        await self._world.selling.wait()
        self._world.offline = True
        for pc in self._world.pcs.values():
            pc.cut_link()
        await asyncio.sleep(self._random.choice((20.0, 60.0, 150.0)))
        self._world.offline = False

    async def _fn_swap(self) -> None:
        self._world.flags.add("fn_swap")
        self._register().swap_drive()
