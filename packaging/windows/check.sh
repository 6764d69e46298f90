#!/usr/bin/env bash
# Installs the bundle under wine as a shop would and lets it work: pairing, a receipt over TCP and one over a COM port,
# the folder moved, an upgrade while it runs, removal.
#
#   packaging/windows/check.sh [WORK] [OUT]        as build.sh had them
#
# A gate, not a proof: no Defender, no SmartScreen, no UAC, no drivers, no sleep. The registers are simulators.
# Needs what build.sh needs, curl, and the project's own .venv (make setup).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(cd "${1:-$root/build/windows}" && pwd)
out=$(cd "${2:-$root/dist/windows}" && pwd)
bin=$root/.venv/bin
setup=$(ls "$out"/KassaBridge-*-setup.exe)
here=$(mktemp -d)
port=${KASSABRIDGE_PORT:-18080}
display=${KASSABRIDGE_DISPLAY:-:98}
began=$(date +%s)
children=()

say() { printf '%4d s  %s\n' "$(($(date +%s) - began))" "$*"; }
die() { echo "FAILED: $*" >&2; cat "$here"/*.log >&2 || true; exit 1; }
ended() {
    wineserver -k 2>/dev/null || true
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    rm -rf "$here"
}
trap ended EXIT
wait_for() { # SECONDS WHAT COMMAND…
    local left=$1 what=$2; shift 2
    until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ "$left" -gt 0 ] || die "$what"; sleep 1; done
}

Xvfb "$display" -screen 0 1024x768x24 -nolisten tcp >"$here/xvfb.log" 2>&1 & children+=($!)
export DISPLAY=$display WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml="
programs="$WINEPREFIX/drive_c/Program Files/KassaBridge"
data="$WINEPREFIX/drive_c/ProgramData/KassaBridge"
exe='C:\Program Files\KassaBridge\kassabridge.exe'
# A Python under wine needs a pipe behind it and nothing before it.
agent() { wine "$exe" "$@" </dev/null 2>&1 | cat; }

# --- a server, a register on TCP, one on a pseudo-terminal

rm -rf "$programs" "$data"
database=sqlite:///$here/server.sqlite3
key=$("$bin/kassabridge-server" init --tenant Тест --database "$database" --json | "$bin/python" -c 'import json,sys; print(json.load(sys.stdin)["api_key"])')
"$bin/kassabridge-server" run --port "$port" --database "$database" >"$here/server.log" 2>&1 & children+=($!)
"$bin/kassabridge" simulate shtrih --listen tcp:127.0.0.1:0 --state "$here/a.json" >"$here/a.log" 2>&1 & children+=($!)
"$bin/kassabridge" simulate shtrih --listen "pty:$here/line" --state "$here/b.json" >"$here/b.log" 2>&1 & children+=($!)
wait_for 20 "the simulated registers" grep -q listening "$here/a.log" "$here/b.log"
wait_for 20 "the server" curl -sf "http://127.0.0.1:$port/healthz"
address=$(sed -n 's/.*"listening": "\(.*\)".*/\1/p' "$here/a.log")
api() { curl -sf -H "Authorization: Bearer $key" -H 'content-type: application/json' "http://127.0.0.1:$port/api/v1$1" "${@:2}"; }
field() { "$bin/python" -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v = (v or {}).get(k)
print(v)' "$1"; }
api /devices -X PUT -d '{"kkm_id": "17", "name": "Касса 1"}' >/dev/null
say "server and registers"

# --- installed, paired, at work

wine "$setup" /S </dev/null 2>&1 | cat
[ -f "$programs/kassabridge.exe" ] || die "the installer has installed nothing"
say "installed: $(du -sh "$programs" | cut -f1) from $(du -sh "$setup" | cut -f1)"
wine reg query 'HKLM\Software\Microsoft\Windows\CurrentVersion\Run' /reg:64 </dev/null 2>&1 | grep -q KassaBridgeTray ||
    die "no autostart"
wine reg query 'HKLM\Software\Classes\kassabridge\shell\open\command' /reg:64 </dev/null 2>&1 | grep -q 'agent pair' ||
    die "kassabridge: links are not registered"
printf '[server]\nurl = "http://127.0.0.1:%s"\n[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "%s"\n' \
    "$port" "$address" >"$data/config.toml"
line=$(api /pairing-codes -X POST -d '{"auto_confirm": true}' | field line)
agent agent pair "$line" | grep -q Done || die "not paired"
say "paired"
start() { (wine "$1" agent run --no-tray </dev/null 2>&1 | cat >>"$here/agent.log") & }
ready() { agent agent status | grep -q 'link: ready'; }
receipt() { # JOB
    "$bin/python" - "$1" "$root/examples/receipts/02-two-rates-card.json" >"$here/job.json" <<'P'
import json, sys
payload = json.load(open(sys.argv[2], encoding="utf-8"))
print(json.dumps({"job_id": sys.argv[1], "kkm_id": "17", "kind": "receipt", "payload": payload.get("payload", payload)}))
P
    wait_for 60 "the register is bound" sh -c "curl -sf -H 'Authorization: Bearer $key' http://127.0.0.1:$port/api/v1/devices | grep -q '\"state\":\"bound\"'"
    api /jobs -X POST -d "@$here/job.json" >/dev/null || die "$1 was refused"
    wait_for 60 "$1 is done" sh -c "curl -sf -H 'Authorization: Bearer $key' http://127.0.0.1:$port/api/v1/jobs/$1 | grep -q '\"state\":\"done\"'"
    say "$1: done, FD $(api "/jobs/$1" | field proof.fd)"
}
start "$exe"
wait_for 60 "the link" ready
receipt first

# --- a COM port

ln -sfn "$(readlink -f "$here/line")" "$WINEPREFIX/dosdevices/com33"
agent device --driver shtrih --address 'serial:COM33?baud=115200' identity --json | grep -q register_serial ||
    die "no register behind COM33"
agent device --driver shtrih --address 'serial:COM33?baud=115200' \
    receipt "$(winepath -w "$root/examples/receipts/02-two-rates-card.json")" --json | grep -q '"state": "done"' ||
    die "no receipt over COM33"
say "a receipt over COM33"

# --- an upgrade while it runs: the agent is asked to end, the journal stays

wine "$setup" /S </dev/null 2>&1 | cat
agent agent status | grep -q 'link: ready' && die "the old agent runs on after the upgrade"
agent agent journal list | grep -q first || die "the journal is gone"
say "upgraded"

# --- moved out of its folder

mv "$programs" "$WINEPREFIX/drive_c/Moved"
start 'C:\Moved\kassabridge.exe'
exe='C:\Moved\kassabridge.exe'
wait_for 60 "the link of the moved program" ready
receipt second
agent agent stop | grep -q 'not running' || die "it does not end"
mv "$WINEPREFIX/drive_c/Moved" "$programs"
exe='C:\Program Files\KassaBridge\kassabridge.exe'
say "moved, and at work with the same journal"

# --- removed: the program goes, the data stay

wine 'C:\Program Files\KassaBridge\Uninstall.exe' /S </dev/null 2>&1 | cat
wait_for 30 "the program is gone" test ! -e "$programs/kassabridge.exe"
[ -f "$data/journal.sqlite3" ] || die "the journal went with the program"
say "removed, the data kept"
[ "$("$bin/kassabridge" simulate shtrih --state "$here/a.json" --dump | grep -c '"type": "receipt"')" = 2 ] ||
    die "not two receipts in the register"
say "good"
