"""All benches of ours: the rows that ``conftest`` and the sheets are made of."""

from __future__ import annotations

from tests.conformance import atol_lib, atol_web, atol_wire, shtrih

BENCHES = (*shtrih.BENCHES, *atol_wire.BENCHES, *atol_lib.BENCHES, *atol_web.BENCHES)
