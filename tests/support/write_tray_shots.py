"""``docs/img/tray-*.png``: the tray on a screen in both languages: at work, a decision waiting, a bundle asked for.

``python -m tests.support.write_tray_shots`` takes them anew; it needs what ``docs/tray.md`` names.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

from tests.agent.tray.screen import Program, missing, screen

IMG = Path(__file__).parents[2] / "docs" / "img"


def main() -> None:
    lacking = missing()
    if lacking:
        raise SystemExit(f"not installed: {lacking}")
    with screen() as desktop, TemporaryDirectory() as folder:
        for language in ("ru", "en"):
            program = Program(desktop, language)
            for scene in ("working", "decision", "bundle"):
                program.scene(scene)
                desktop.do("sleep", "0.5")
                program.open_menu()
                if scene == "working":  # with the last receipts
                    program.keys("Down", "Down", "Right")
                if scene == "bundle":  # with what can be done about it
                    program.keys("Down", "Down", "Right")
                desktop.do("sleep", "0.5")
                raw = Path(folder) / "shot.png"
                desktop.shot(raw)
                _cut(raw, IMG / f"tray-{scene}-{language}.png")
                program.keys("Escape", "Escape")
                program.closed()
            program.tell("finished")
            program.open_menu()
            program.keys("Up", "Return")
            program.hear("quit")
            program.hear("ended asked")


def _cut(raw: Path, to: Path) -> None:
    """Without the empty screen around."""
    with Image.open(raw) as opened:
        shot = opened.convert("RGB")
    left, _, _, bottom = ImageChops.difference(shot, Image.new("RGB", shot.size, (255, 255, 255))).getbbox() or (0,) * 4
    shot.crop((max(left - 12, 0), 0, shot.width, min(bottom + 12, shot.height))).save(to, optimize=True)


if __name__ == "__main__":
    main()
