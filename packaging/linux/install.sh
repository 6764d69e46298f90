#!/usr/bin/env bash
# KassaBridge on Linux: an environment of its own, the command `kassabridge`, a systemd user unit.
#
#   packaging/linux/install.sh                    install or upgrade from this checkout
#   packaging/linux/install.sh --wheel FILE       the same from a wheel
#   packaging/linux/install.sh --user             for this user only, also when it is root
#   packaging/linux/install.sh --uninstall        remove the program; journal, key and settings stay
#   packaging/linux/install.sh --uninstall --purge    remove them, too
#
# For root it installs for everybody (/opt/kassabridge, /usr/local/bin, /etc/systemd/user), for anybody else for that user
# (~/.local). Libraries come in the versions of constraints.txt and only with its hashes. PYTHON: which Python, 3.11 or
# newer (default python3).
set -euo pipefail
umask 022
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/packaging/linux
python=${PYTHON:-python3}
wheel= uninstall= purge= everybody=
if [ "$(id -u)" = 0 ]; then everybody=1; fi
while [ $# -gt 0 ]; do
    case $1 in
        --wheel) wheel=$(readlink -f "$2"); shift ;;
        --user) everybody= ;;
        --uninstall) uninstall=1 ;;
        --purge) purge=1 ;;
        *) sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
if [ -n "$everybody" ]; then
    prefix=/opt/kassabridge bin=/usr/local/bin units=/etc/systemd/user
else
    prefix=$HOME/.local/lib/kassabridge bin=$HOME/.local/bin units=$HOME/.config/systemd/user
fi
program=$prefix/bin/kassabridge
say() { printf '%s\n' "$*"; }
manager() { command -v systemctl >/dev/null && systemctl --user "$@" >/dev/null 2>&1; }

# What the running agent has begun with a register it ends first; under one that does not end nothing is replaced.
stop_agent() {
    [ -x "$program" ] || return 0
    local code=0
    (cd / && "$program" agent stop >/dev/null 2>&1) || code=$?  # 2: there are no settings yet
    if [ "$code" = 1 ]; then
        say "KassaBridge is still at work with a register. Wait, and try again." >&2
        exit 1
    fi
}
data_folder() { "$prefix/bin/python" -I -c 'from agent.config import machine_data_dir; print(machine_data_dir())'; }

if [ -n "$uninstall" ]; then
    [ -x "$program" ] || { say "KassaBridge is not installed in $prefix." >&2; exit 1; }
    data=$(data_folder)
    stop_agent
    manager disable kassabridge.service || true
    rm -rf "$prefix" "$units/kassabridge.service"
    if [ -L "$bin/kassabridge" ]; then rm "$bin/kassabridge"; fi
    manager daemon-reload || true
    if [ -n "$purge" ]; then rm -rf "$data"; say "Removed, with the data in $data."; else say "Removed. The data stay in $data."; fi
    exit 0
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or newer is needed: PYTHON=…" >&2; exit 2; }
was_active=
if manager is-active kassabridge.service; then was_active=1; fi
stop_agent

"$python" -m venv "$prefix"
pip() { "$prefix/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
pinned() { pip install --no-deps --require-hashes -r /dev/stdin; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -z "$wheel" ]; then  # built from a copy: nothing is left in the checkout
    "$prefix/bin/python" "$here/requirements.py" "$root/constraints.txt" setuptools | pinned
    (cd "$root" && cp -r agent drivers protocol server pyproject.toml README.md LICENSE "$scratch")
    pip wheel --no-deps --no-build-isolation --wheel-dir "$scratch/dist" "$scratch"
    wheel=$(ls "$scratch"/dist/kassabridge-*.whl)
fi
pip install --no-deps --force-reinstall "$wheel"
while needs=$("$prefix/bin/python" "$here/requirements.py" "$root/constraints.txt"); [ -n "$needs" ]; do
    printf '%s\n' "$needs" | pinned
done

mkdir -p "$bin" "$units" "$prefix/plugins"
ln -sfn "$program" "$bin/kassabridge"
sed -e "s|@PROGRAM@|$program|" "$here/kassabridge.service" >"$units/kassabridge.service"
manager daemon-reload || true
if [ -n "$was_active" ]; then manager start kassabridge.service || true; fi

say "$("$program" --version) in $prefix, the command is $bin/kassabridge."
if [ -z "$everybody" ]; then
    data=$(data_folder)
    mkdir -p "$data"
    if [ ! -e "$data/config.toml" ]; then cp "$root/config.example.toml" "$data/"; fi
    say "Settings and journal are in $data: copy config.example.toml there to config.toml."
fi
case :$PATH: in *:"$bin":*) ;; *) say "$bin is not in PATH: add it, or call $bin/kassabridge." ;; esac
say "Next: kassabridge agent pair LINE; then: systemctl --user enable --now kassabridge"
say "To have it run while nobody is signed in: loginctl enable-linger"
group=$(stat -c %G /dev/ttyS0 2>/dev/null || echo dialout)
case " $(id -nG) " in
    *" $group "* | *" root "*) ;;
    *) say "Serial ports belong to the group $group: sudo usermod -aG $group $(id -un), then sign in anew." ;;
esac
