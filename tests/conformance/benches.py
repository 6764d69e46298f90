"""All benches of ours: the rows that ``conftest`` and the sheets are made of."""

from __future__ import annotations

from drivers.conformance.place import AnyBench
from tests.conformance import arcus2, atol_lib, atol_web, atol_wire, inpas, sber, shtrih, zvt

REGISTERS = (*shtrih.BENCHES, *atol_wire.BENCHES, *atol_lib.BENCHES, *atol_web.BENCHES)
TERMINALS = (*sber.BENCHES, *inpas.BENCHES, *arcus2.BENCHES, *zvt.BENCHES)
BENCHES: tuple[AnyBench, ...] = (*REGISTERS, *TERMINALS)
