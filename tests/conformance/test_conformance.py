"""Every driver of ours shows every behaviour that a driver must show."""

from __future__ import annotations

from drivers.conformance.judgement import Case


def test_conformance(conformance: Case) -> None:
    conformance.show()
