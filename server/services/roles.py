"""What a person may do: a role is a set of scopes, the same ones that API keys have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from server.services.access import Scope


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    CASHIER = "cashier"
    SUPPORT = "support"  # sees everything, prints nothing, decides only together with somebody else


SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.OWNER: frozenset(Scope) - {Scope.PROPOSE},
    Role.MANAGER: frozenset({Scope.JOBS, Scope.DIRECTORY, Scope.DECIDE, Scope.READ, Scope.SUPPORT, Scope.WEBHOOKS}),
    Role.CASHIER: frozenset({Scope.JOBS, Scope.READ}),
    Role.SUPPORT: frozenset({Scope.READ, Scope.SUPPORT, Scope.PROPOSE}),
}
