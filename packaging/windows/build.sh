#!/usr/bin/env bash
# The Windows bundle and its installer: on Linux under wine, or on Windows itself (in the bash of Git for Windows).
#
#   packaging/windows/build.sh [WORK] [OUT]
#
# WORK keeps what a second build need not make again (default build/windows), OUT gets the folder KassaBridge and the
# installer (default dist/windows). On Linux it needs wine wine64 gcc-mingw-w64-x86-64 nsis xvfb unzip, python3.11 with pip,
# and the project's own .venv (make setup); on Windows Python 3.11, NSIS, and installs the libraries into that Python.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/packaging/windows
work=$(mkdir -p "${1:-$root/build/windows}" && cd "${1:-$root/build/windows}" && pwd)
out=$(mkdir -p "${2:-$root/dist/windows}" && cd "${2:-$root/dist/windows}" && pwd)
pyinstaller="pyinstaller==6.22.3 pywin32-ctypes pefile"
say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
needs() { for tool in "$@"; do command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 2; }; done; }

# Either sets $python (a Python of this system with the project's libraries), $site (where Windows' libraries lie), and
# what runs a Python of Windows and names a path as Windows does.
case $(uname -s) in
    MINGW* | MSYS*) . "$here/on_windows.sh" ;;
    *) . "$here/under_wine.sh" ;;
esac

# --- the bundle

say "bundle"
export KASSABRIDGE_ROOT KASSABRIDGE_ICON
KASSABRIDGE_ROOT=$(windows_path "$root")
KASSABRIDGE_ICON=$(windows_path "$work/kassabridge.ico")
(cd "$root" && "$python" -c 'import sys; from agent.tray.icons import program_ico; sys.stdout.buffer.write(program_ico())') \
    >"$work/kassabridge.ico"
rm -rf "$work/bundle"
(cd "$work" && windows_python -m PyInstaller --noconfirm --log-level WARN --distpath bundle --workpath pyi \
    "$(windows_path "$here/kassabridge.spec")")
[ -f "$work/bundle/KassaBridge/kassabridge.exe" ] || { echo "PyInstaller made no program" >&2; exit 1; }
cp "$root/LICENSE" "$root/config.example.toml" "$work/bundle/KassaBridge/"
"$python" "$(native "$here/licences.py")" "$site" "$(native "$work/requirements.txt")" >"$work/bundle/KassaBridge/LICENCES.txt"
rm -rf "$out/KassaBridge" && cp -r "$work/bundle/KassaBridge" "$out/"

# --- the installer

say "installer"
version=$(cd "$root" && "$python" -c 'from agent.version import VERSION; print(VERSION)' | tr -d '\r')
makensis -V2 -DVERSION="$version" -DICON="$(native "$work/kassabridge.ico")" -DBUNDLE="$(native "$out/KassaBridge")" \
    -DOUTFILE="$(native "$out/KassaBridge-$version-setup.exe")" "$(native "$here/installer.nsi")"
du -sh "$out/KassaBridge" "$out/KassaBridge-$version-setup.exe" >&2
say "done: $out"
