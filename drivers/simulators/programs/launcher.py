"""What is put into a folder so that a program of a vendor's name stands there.

On Linux it is a shell script that becomes Python at once, so that its process is the one that was started; on Windows
an ``.exe`` made as pip makes them for scripts, of a stub that pip has, or a ``.cmd`` where pip is not there. Beside it
stand the script in Python, which needs nothing but the Python that made it, and the file that names the simulator's
port and says what to do when nobody answers there.
"""

from __future__ import annotations

import io
import json
import shlex
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from drivers.simulators.programs.line import instructions
from drivers.simulators.programs.running import Left

SCRIPT = "simulated-program.py"
WHERE = "simulated-program.json"

SOURCE = '''\
"""Puts a vendor's program into a simulator's hands; written there by `kassabridge simulate`."""
import base64, json, os, socket, sys

def do(told):
    if "write" in told:
        with open(told["write"], "wb") as file:
            file.write(base64.b64decode(told["data"]))
    elif "say" in told:
        sys.stdout.buffer.write(base64.b64decode(told["say"]))
        sys.stdout.buffer.flush()
    elif told["exit"] < 0:
        os.kill(os.getpid(), -told["exit"])
    else:
        os._exit(told["exit"] & 0xFFFFFFFF if os.name == "nt" else told["exit"] & 0xFF)

def main():
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    with open(os.path.join(here, "simulated-program.json"), encoding="ascii") as file:
        where = json.load(file)
    try:
        link = socket.create_connection((where["host"], where["port"]), 5)
        link.settimeout(None)
        link.sendall(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd()}).encode("ascii") + b"\\n")
        for line in link.makefile("rb"):
            do(json.loads(line))
    except OSError:
        pass
    for told in where["alone"]:
        do(told)

main()
'''


def put(folder: Path, program: str, host: str, port: int, alone: Left, *, windows: bool | None = None) -> Path:
    """Make the program; its file. ``program``: its name; Windows wants ``.exe`` at its end. ``alone``: what it leaves
    when no simulator answers, or when the one that did is gone."""
    folder.mkdir(parents=True, exist_ok=True)
    where = {"host": host, "port": port, "alone": instructions(alone)}
    (folder / WHERE).write_text(json.dumps(where, indent=1) + "\n", encoding="ascii")
    (folder / SCRIPT).write_text(SOURCE, encoding="ascii")
    if sys.platform == "win32" if windows is None else windows:
        return _windows(folder, program.removesuffix(".exe"), _stub())
    file = folder / program
    file.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS "$(dirname "$0")/{SCRIPT}" "$@"\n', encoding="utf-8"
    )
    file.chmod(0o755)
    return file


def _stub() -> Path | None:
    """The program that starts the script which is appended to it."""
    pip = find_spec("pip")
    file = Path(pip.origin).parent / "_vendor" / "distlib" / "t64.exe" if pip is not None and pip.origin else None
    return file if file is not None and file.exists() else None


def _windows(folder: Path, program: str, stub: Path | None) -> Path:
    if stub is None:
        file = folder / f"{program}.cmd"
        file.write_text(f'@"{sys.executable}" -IS "%~dp0{SCRIPT}" %*\r\n@exit /b %errorlevel%\r\n', encoding="utf-8")
        return file
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", SOURCE)
    file = folder / f"{program}.exe"
    file.write_bytes(stub.read_bytes() + f'#!"{sys.executable}" -IS\r\n'.encode() + packed.getvalue())
    return file
