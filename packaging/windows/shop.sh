# A small shop for the scripts beside: wine with a screen, a server, registers. To be sourced with $root and $work set.
#
# Everything that is started here ends with the script; WORK/prefix is wine's folder, as build.sh made it.
bin=$root/.venv/bin
here=$(mktemp -d)
port=${KASSABRIDGE_PORT:-18080}
display=${KASSABRIDGE_DISPLAY:-:98}
began=$(date +%s)
children=()

say() { printf '%4d s  %s\n' "$(($(date +%s) - began))" "$*"; }
die() { echo "FAILED: $*" >&2; tail -n 40 "$here"/*.log >&2 || true; exit 1; }
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

# What a command says, to its end: with a pipe into grep -q the command would now and then die of a closed pipe.
says() { # PATTERN COMMAND…
    local pattern=$1; shift
    grep -q -- "$pattern" <<<"$("$@" 2>&1 || true)"
}

Xvfb "$display" -screen 0 1024x768x24 -nolisten tcp >"$here/xvfb.log" 2>&1 & children+=($!)
export DISPLAY=$display WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml="
programs="$WINEPREFIX/drive_c/Program Files/KassaBridge"
data="$WINEPREFIX/drive_c/ProgramData/KassaBridge"
exe='C:\Program Files\KassaBridge\kassabridge.exe'
x86_64-w64-mingw32-gcc -municode -O2 -s "$root/packaging/windows/keep.c" -o "$here/keep.exe" -luser32
wine "$here/keep.exe" "Z:${here//\//\\}\\up" </dev/null >/dev/null 2>&1 & children+=($!)
wait_for 60 "wine is up" test -e "$here/up"
# A Python under wine needs a pipe behind it and nothing before it.
agent() { timeout "${LIMIT:-200}" wine "$exe" "$@" </dev/null 2>&1 | cat; }
start() { (wine "$1" agent run --no-tray </dev/null 2>&1 | cat >>"$here/agent.log") & }
ready() { says 'link: ready' agent agent status; }

api() { curl -sf -H "Authorization: Bearer $key" -H 'content-type: application/json' "http://127.0.0.1:$port/api/v1$1" "${@:2}"; }
field() { "$bin/python" -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1].split("."): v = (v or {}).get(k)
print(v)' "$1"; }
bound() { says '"state":"bound"' api /devices; }
done_() { says '"state":"done"' api "/jobs/$1"; }

# A server and a register on TCP; register 17 of the CRM. Sets $key and $address.
open_shop() {
    local database=sqlite:///$here/server.sqlite3
    key=$("$bin/kassabridge-server" init --tenant Тест --database "$database" --json | field api_key)
    "$bin/kassabridge-server" run --port "$port" --database "$database" >"$here/server.log" 2>&1 & children+=($!)
    "$bin/kassabridge" simulate shtrih --listen tcp:127.0.0.1:0 --state "$here/a.json" >"$here/a.log" 2>&1 & children+=($!)
    wait_for 20 "the simulated register" grep -q listening "$here/a.log"
    wait_for 20 "the server" curl -sf "http://127.0.0.1:$port/healthz"
    address=$(sed -n 's/.*"listening": "\(.*\)".*/\1/p' "$here/a.log")
    api /devices -X PUT -d '{"kkm_id": "17", "name": "Касса 1"}' >/dev/null
}

install_it() { # SETUP
    wine "$1" /S </dev/null 2>&1 | cat
    [ -f "$programs/kassabridge.exe" ] || die "the installer has installed nothing"
}

configure() { # LANGUAGE
    mkdir -p "$data"
    printf '[server]\nurl = "http://127.0.0.1:%s"\n[agent]\nlanguage = "%s"\n[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "%s"\n' \
        "$port" "$1" "$address" >"$data/config.toml"
}

pair_it() {
    local line
    line=$(api /pairing-codes -X POST -d '{"auto_confirm": true}' | field line)
    says Done agent agent pair "$line" || die "not paired"
}

receipt() { # JOB
    "$bin/python" - "$1" "$root/examples/receipts/02-two-rates-card.json" >"$here/job.json" <<'P'
import json, sys
payload = json.load(open(sys.argv[2], encoding="utf-8"))
print(json.dumps({"job_id": sys.argv[1], "kkm_id": "17", "kind": "receipt", "payload": payload.get("payload", payload)}))
P
    wait_for 60 "the register is bound" bound
    api /jobs -X POST -d "@$here/job.json" >/dev/null || die "$1 was refused"
    wait_for 60 "$1 is done" done_ "$1"
    say "$1: done, FD $(api "/jobs/$1" | field proof.fd)"
}
