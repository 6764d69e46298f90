"""Card terminals at the tills of a shop: simulated ones as processes, each with its bank, and what their books say."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.shop import Shop, Till
from tests.support.families import Family
from tests.support.rig import PYTHON, ROOT

Json = dict[str, Any]

QUICK_ZVT = "[time]\nt3 = 2.0\nquery = 2.0\nmoney = 4.0\nsettlement = 6.0\nmost = 20.0\nreverses = 3.0\n"
"""The simulator takes milliseconds; what is waited out after a lost answer may be short."""
QUICK_SBER = "[time]\nquery = 10.0\nmoney = 30.0\nsettlement = 30.0\nquick = 5.0\n"


@dataclass(frozen=True, slots=True)
class TerminalFamily(Family):
    """``profile``: the text of the driver's profile."""

    profile: str = ""

    def device(self, kkm_id: str, address: str, profile: Path) -> str:
        own = profile.with_name(f"{self.driver}.toml")
        own.write_text(self.profile, "utf-8")
        return f"[[devices]]\nkkm_id = '{kkm_id}'\ndriver = '{self.driver}'\naddress = '{address}'\nprofile = '{own}'\n"


ZVT = TerminalFamily("zvt", "zvt", "", {}, lambda _: None, profile=QUICK_ZVT)
PATIENT_ZVT = TerminalFamily("zvt", "zvt", "", {}, lambda _: None)
"""With the times of its own profile."""
SBER = TerminalFamily("sber", "sber", "", {}, lambda _: None, profile=QUICK_SBER)


class Terminal(Till):
    def charges(self) -> list[Json]:
        """What moved money, by the bank's book as it is on disk."""
        dumped = subprocess.run(
            [PYTHON, *self.family.dump(self.folder / f"{self.kkm_id}.json")], capture_output=True, check=True, cwd=ROOT
        )
        charges: list[Json] = json.loads(dumped.stdout)["charges"]
        return charges

    def standing(self) -> list[str]:
        """The sums that were taken and have not been brought back."""
        return [charge["amount"] for charge in self.charges() if charge["state"] == "taken"]


def terminal(
    shop: Shop, kkm_id: str, *options: str, family: TerminalFamily = ZVT, pace: float = 0.05, listen: str = ""
) -> Terminal:
    state = shop.rig.folder / f"{kkm_id}.json"
    where = listen or ("tcp:127.0.0.1:0" if family.simulator == "zvt" else f"exe:{shop.rig.folder / kkm_id}")
    command = family.run(where, state, "--control", "--seed", "7", "--pace", str(pace), *options)
    process = shop.rig.spawn(f"terminal-{kkm_id}", *command, control=True)
    made = Terminal(shop, kkm_id, process, process.ready["listening"], family)
    shop.stands(made)
    return made
