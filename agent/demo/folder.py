"""What the demo reads and writes: the example receipts, and the folder ``demo-output``."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from agent.problems import UserError

OUTPUT = Path("demo-output")
WRITTEN = ".written-by-demo"


def check_installed() -> None:
    missing = [
        name for name in ("server", "fastapi", "uvicorn", "sqlalchemy") if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            "server_not_installed",
            f"Для демонстрации нужен сервер, а его частей нет: {', '.join(missing)}. "
            "Установите: pip install 'kassabridge[server]' (в исходном дереве: make setup).",
            f"The demo needs the server, parts of which are missing: {', '.join(missing)}. "
            "Install: pip install 'kassabridge[server]' (in the source tree: make setup).",
        )


def examples(kind: str = "receipts") -> list[Path]:
    """The examples of the source tree, ``receipts`` or ``sales``: below the current folder, or beside this package."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        found = sorted((root / "examples" / kind).glob("*.json"))
        if found:
            return found
    raise UserError(
        "no_examples",
        f"Не найдены примеры examples/{kind}/*.json. Запустите команду в папке исходного дерева.",
        f"No examples examples/{kind}/*.json. Run the command in the folder of the source tree.",
    )


def clean(output: Path, pictures: list[str]) -> None:
    """Remove what the last demo wrote (it left a list), and write the list of this one before anything else."""
    listed = output / WRITTEN
    if listed.exists():
        for name in listed.read_text("utf-8").splitlines():
            path = output / name
            if path.parent != output:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if (output / "run").exists():
        raise UserError(
            "demo_output_taken",
            f"Папка {output / 'run'} создана не демонстрацией. Переименуйте её или запустите команду в другой папке.",
            f"The folder {output / 'run'} was not made by the demo. Rename it, or run the command in another folder.",
        )
    output.mkdir(exist_ok=True)
    listed.write_text("\n".join(["run", *pictures]) + "\n", "utf-8")
    (output / "run").mkdir()
