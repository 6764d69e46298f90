"""By what name a terminal is bound."""

from __future__ import annotations

import re

from agent.devices.terminals.place import expected_id, place_of


def test_a_place_has_the_same_name_for_as_long_as_the_configuration_says_the_same() -> None:
    named = place_of("install-1", "sber", r"exe:C:\sc552")
    assert named == place_of("install-1", "sber", r"exe:C:\sc552")
    assert re.fullmatch("place:[0-9a-f]{16}", named)


def test_another_pc_driver_or_address_is_another_place() -> None:
    names = {place_of(*parts) for parts in (("a", "b", "c"), ("x", "b", "c"), ("a", "x", "c"), ("a", "b", "x"))}
    assert len(names) == 4


def test_a_terminal_bound_by_its_place_may_have_any_id() -> None:
    assert expected_id("12345678") == "12345678"
    assert expected_id(place_of("a", "b", "c")) == ""
    assert expected_id(None) == ""
