"""Rules of a line that is sold for somebody else: the agent and the supplier. See ``rules``.

Source: format order ЕД-7-20/662@, tags 1222 to 1226; law 103-ФЗ and law 161-ФЗ for agents that take payments.
"""

from __future__ import annotations

from collections.abc import Iterator

from protocol.ffd.attributes import AgentInfo, SupplierInfo
from protocol.ffd.receipt import Item
from protocol.ffd.rules_text import inn_rules, optional_text, phone_rules
from protocol.ffd.violation import Violation, broken

NO_INN = "000000000000"
"""Tag 1226 of a supplier that has no Russian ИНН."""


def agent_and_supplier(item: Item, field: str) -> Iterator[Violation]:
    agent, supplier = item.agent_info, item.supplier_info
    if agent is not None:
        yield from _agent(agent, f"{field}.agent_info")
        if supplier is None or supplier.inn is None:
            yield broken(
                "SUPPLIER_INN",
                f"{field}.supplier_info.inn",
                "1226 stands wherever 1222 does",
                f'the supplier\'s ИНН; "{NO_INN}" for one without a Russian ИНН',
                "Позиция агента без ИНН поставщика.",
                "An agent's line needs the supplier's ИНН.",
            )
    if supplier is not None:
        yield from _supplier(supplier, f"{field}.supplier_info")


def _agent(agent: AgentInfo, field: str) -> Iterator[Violation]:
    parts = {
        "paying_agent": agent.paying_agent,
        "receive_payments_operator": agent.receive_payments_operator,
        "money_transfer_operator": agent.money_transfer_operator,
    }
    given = [name for name, part in parts.items() if part is not None]
    if given and not agent.type.takes_payments:
        yield broken(
            "AGENT_DATA",
            f"{field}.{given[0]}",
            "1223 only with 1222 = 1, 2, 4, 8",
            "no such field for this type of agent",
            f"Для агента {agent.type} данные {', '.join(given)} не указываются.",
            f"An agent of type {agent.type} gives no {', '.join(given)}.",
            got=agent.type,
        )
    if (paying := agent.paying_agent) is not None:
        yield from optional_text(paying.operation, f"{field}.paying_agent.operation", 1044)
        yield from phone_rules(paying.phones, f"{field}.paying_agent.phones", 1073)
    if (receiving := agent.receive_payments_operator) is not None:
        yield from phone_rules(receiving.phones, f"{field}.receive_payments_operator.phones", 1074)
    if (transfer := agent.money_transfer_operator) is not None:
        at = f"{field}.money_transfer_operator"
        yield from phone_rules(transfer.phones, f"{at}.phones", 1075)
        yield from optional_text(transfer.name, f"{at}.name", 1026)
        yield from optional_text(transfer.address, f"{at}.address", 1005)
        yield from inn_rules(
            transfer.inn,
            f"{at}.inn",
            1016,
            whose=("оператора перевода", "transfer operator's"),
            expected="10 or 12 digits, or no field at all",
        )


def _supplier(supplier: SupplierInfo, field: str) -> Iterator[Violation]:
    yield from phone_rules(supplier.phones, f"{field}.phones", 1171)
    yield from optional_text(supplier.name, f"{field}.name", 1225)
    if supplier.inn != NO_INN:
        yield from inn_rules(
            supplier.inn,
            f"{field}.inn",
            1226,
            whose=("поставщика", "supplier's"),
            expected=f'10 or 12 digits; "{NO_INN}" for a supplier without a Russian ИНН',
        )
