"""From a run that has ended to the four records that the checker compares."""

from __future__ import annotations

from tests.chaos.checker import Asked, Records, Terminal, read_journal, read_register, read_server
from tests.chaos.makes import DRAWER
from tests.chaos.template import SERVER
from tests.chaos.world import World


def records_of(world: World) -> Records:
    desks = {desk.kkm_id: desk for desk in world.template.layout.desks}
    journals = []
    for pc in world.pcs.values():
        agent_id = pc.identity.agent_id
        for image, committed in pc.lost:
            journals.append(
                read_journal(
                    image, agent_id=agent_id, lost=True, running=False, committed=committed, began=tuple(pc.began)
                )
            )
        journals.append(
            read_journal(
                pc.journal_path, agent_id=agent_id, running=world.linked[pc.name], committed=dict(pc.committed),
                began=tuple(pc.began),
            )
        )  # fmt: skip
    return Records(
        asked={
            order.job_id: Asked(
                order.kind, order.kkm_id, world.crm.tenant_id, order.payload,
                cancelled=order.cancelled, decisions=tuple(order.decisions), answered=order.answered,
            )
            for order in world.crm.orders.values()
        },
        registers=[
            read_register(
                register.dumps(), kkm_id=kkm_id, exclusive=desks[kkm_id].exclusive, imprint=desks[kkm_id].imprint,
                foreign=frozenset(register.foreign), drawer=register.memory.counters.drawer,
                drawer_before=DRAWER, numbers_cash=register.make.numbers_cash,
            )
            for kkm_id, register in world.registers.items()
        ],
        journals=journals,
        server=read_server(world.folder / SERVER, restored="server_restored" in world.flags),
        events=tuple(world.crm.events),
        terminals=[
            Terminal(kkm_id, terminal.entries(), terminal.asked_settlements)
            for kkm_id, terminal in world.terminals.items()
        ],
        flags=frozenset(world.flags),
    )  # fmt: skip
