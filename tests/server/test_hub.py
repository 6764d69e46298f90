"""The hub tells everybody who is connected, in the order of their coming."""

from __future__ import annotations

from server.services.hub import Hub
from server.store.database import Work


class _Connected:
    def __init__(self, name: str, told: list[str]) -> None:
        self._name = name
        self._told = told

    def wake(self) -> None:
        self._told.append(self._name)

    async def load(self, work: Work) -> bool:
        return False


def _names() -> list[str]:
    return [f"connection {place}" for place in range(40)]


async def test_a_farewell_came_in_an_order_that_depended_on_where_objects_lay_in_memory() -> None:
    told: list[str] = []
    hub = Hub(lambda: 0.0, connections_per_minute=60)
    for name in _names():
        hub.enter(_Connected(name, told))
    await hub.stop(patience=0.0)
    assert told == _names()


def test_an_agents_connections_are_woken_in_the_order_of_their_coming() -> None:
    told: list[str] = []
    hub = Hub(lambda: 0.0, connections_per_minute=60)
    for name in _names():
        hub.name("a1", _Connected(name, told))
    hub.wake({"a1"})
    assert told == _names()


def test_who_has_left_hears_nothing() -> None:
    told: list[str] = []
    hub = Hub(lambda: 0.0, connections_per_minute=60)
    first, second = _Connected("first", told), _Connected("second", told)
    for connection in (first, second):
        hub.enter(connection)
        hub.name("a1", connection)
    hub.leave(first, "a1")
    hub.wake({"a1"})
    assert told == ["second"]
