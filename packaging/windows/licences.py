"""The licences of everything inside the bundle, as one text.

python licences.py SITE-PACKAGES REQUIREMENTS > LICENCES.txt
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path


def texts(one: Distribution) -> list[str]:
    files = one.files or []
    named = [file for file in files if re.search(r"(licen[cs]e|copying|notice)", file.name, re.I)]
    return [Path(str(file.locate())).read_text("utf-8", "replace").strip() for file in named]


def main(packages: Path, requirements: Path) -> None:
    wanted = {line.split("==")[0].lower() for line in requirements.read_text("utf-8").splitlines() if "==" in line}
    found = {one.metadata["Name"].lower().replace("_", "-"): one for one in distributions(path=[str(packages)])}
    missing = sorted(wanted - found.keys())
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    for name in sorted(wanted):
        one = found[name]
        told = "\n\n".join(texts(one)) or one.metadata.get("License") or "see its home page"
        sys.stdout.write(f"{'=' * 100}\n{one.metadata['Name']} {one.version}\n\n{told}\n\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
