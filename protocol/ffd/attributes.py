"""The optional objects of a receipt's payload: agents, suppliers, attributes of users, industries and operations.

Named after the ATOL Online protocol, version 5, which developers of Russian CRMs already know.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Strict

from protocol.ffd.fields import Authority, Byte, Day, Moment, Part, Text
from protocol.ffd.vocabulary import AgentType

Phones = Annotated[tuple[Text, ...], Strict(False)]


class PayingAgent(Part):
    operation: Text | None = None
    """Tag 1044."""
    phones: Phones = ()
    """Tag 1073."""


class ReceivePaymentsOperator(Part):
    phones: Phones = ()
    """Tag 1074."""


class MoneyTransferOperator(Part):
    phones: Phones = ()
    """Tag 1075."""
    name: Text | None = None
    """Tag 1026."""
    address: Text | None = None
    """Tag 1005."""
    inn: Text | None = None
    """Tag 1016."""


class AgentInfo(Part):
    """The seller acts for somebody else. Only agents that take payments give more than their type (tag 1223)."""

    type: Annotated[AgentType, Strict(False)]
    """Tag 1222."""
    paying_agent: PayingAgent | None = None
    receive_payments_operator: ReceivePaymentsOperator | None = None
    money_transfer_operator: MoneyTransferOperator | None = None


class SupplierInfo(Part):
    """Whom the agent acts for."""

    phones: Phones = ()
    """Tag 1171."""
    name: Text | None = None
    """Tag 1225."""
    inn: Text | None = None
    """Tag 1226; twelve zeros for a supplier without a Russian ИНН."""


class UserProps(Part):
    """Tag 1084: one attribute of the seller's own."""

    name: Text
    """Tag 1085."""
    value: Text
    """Tag 1086; the job's imprint may follow it in the document."""


class SectoralProps(Part):
    """Tags 1260 and 1261: what an authority wants to be written."""

    federal_id: Authority
    """Tag 1262."""
    date: Day
    """Tag 1263."""
    number: Text
    """Tag 1264."""
    value: Text
    """Tag 1265."""


class OperatingProps(Part):
    """Tag 1270."""

    name: Byte
    """Tag 1271."""
    value: Text
    """Tag 1272."""
    timestamp: Moment
    """Tag 1273."""
