# To be sourced by build.sh: Windows itself.
python=${PYTHON:-python}
PATH=$PATH:"/c/Program Files (x86)/NSIS"
needs makensis "$python"
export PYTHONUTF8=1 MSYS2_ARG_CONV_EXCL='*' # paths are turned by windows_path and by nobody else

say "libraries"
windows_path() { cygpath -w "$1"; }
native() { windows_path "$1"; } # a path for the programs of this system
windows_python() { "$python" -X utf8 "$@"; }
windows_python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$(windows_path "$root/constraints.txt")"
windows_python -m pip install --quiet --disable-pip-version-check $pyinstaller
windows_python "$(windows_path "$here/requirements.py")" "$(windows_path "$root")" >"$work/requirements.txt"
site=$(windows_python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
