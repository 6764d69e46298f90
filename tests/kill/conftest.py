from __future__ import annotations

from tests.e2e.conftest import rig, tills

__all__ = ["rig", "tills"]  # fixtures
