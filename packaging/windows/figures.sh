#!/usr/bin/env bash
# What the frozen agent costs over a bare frozen Python that imports the same libraries: start time and idle memory, with
# and without the icon, under wine.
#
#   packaging/windows/figures.sh [WORK] [OUT] [RUNS] [IDLE]      WORK and OUT as build.sh had them
#
# Which libraries: those that an agent has loaded which runs here, paired and with a register, in the project's own .venv.
# Start: from the call of wine until the log says that the agent has started; of the other, until all is imported.
# Computed: what the program's process has used of a processor by then, which other work on the machine hardly changes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(cd "${1:-$root/build/windows}" && pwd)
out=$(cd "${2:-$root/dist/windows}" && pwd)
runs=${3:-7}
idle=${4:-10}
setup=$(ls "$out"/KassaBridge-*-setup.exe)
. "$root/packaging/windows/shop.sh"

rm -rf "$programs" "$data"
open_shop

# --- the libraries of a running agent

bare=$(mkdir -p "$work/bare" && cd "$work/bare" && pwd)
cp "$root/packaging/windows/bare.py" "$bare/"
mkdir "$here/agent"
printf '[server]\nurl = "http://127.0.0.1:%s"\n[agent]\ndata_dir = "%s"\n[[devices]]\nkkm_id = "17"\ndriver = "shtrih"\naddress = "%s"\n' \
    "$port" "$here/agent" "$address" >"$here/agent.toml"
"$bin/kassabridge" agent pair --config "$here/agent.toml" "$(api /pairing-codes -X POST -d '{"auto_confirm": true}' | field line)" >"$here/pair.log" 2>&1
"$bin/python" - "$here/agent.toml" "$bare/names.txt" >"$here/model.log" 2>&1 <<'P' & model=$!
import sys
from agent.cli import main
config, names = sys.argv[1:]
main(["agent", "run", "--no-tray", "--config", config])
ours = {"agent", "drivers", "protocol", "__main__", "__mp_main__"}
with open(names, "w") as file:
    file.writelines(f"{name}\n" for name in sorted(sys.modules) if name.split(".")[0] not in ours)
P
children+=($model)
wait_for 60 "an agent here" says 'link: ready' "$bin/kassabridge" agent status --config "$here/agent.toml"
sleep 5
"$bin/kassabridge" agent stop --config "$here/agent.toml" >/dev/null
wait_for 30 "its libraries" test -s "$bare/names.txt"
say "the agent has loaded $(wc -l <"$bare/names.txt") modules that are not its own"
export KASSABRIDGE_BARE
KASSABRIDGE_BARE=$(winepath -w "$bare" 2>/dev/null)
cat "$bare/names.txt" "$bare/bare.py" "$root/packaging/windows/bare.spec" >"$here/made"
cmp -s "$here/made" "$bare/made" || (cd "$bare" && wine "$work/python/python.exe" -X utf8 -m PyInstaller --noconfirm --log-level FATAL --distpath dist --workpath pyi \
    "$(winepath -w "$root/packaging/windows/bare.spec" 2>/dev/null)" </dev/null 2>&1 | cat)
[ -f "$bare/dist/bare/bare.exe" ] || die "no bare program"
cp "$here/made" "$bare/made"
say "the bare program is made"

# --- both, by turns

install_it "$setup"
configure ru
pair_it
"$bin/python" - "$exe" "$(winepath -w "$bare/dist/bare/bare.exe" 2>/dev/null)" <<'P' >"$here/sides.json"
import json, sys
exe, bare = sys.argv[1:]
tray = exe.replace("kassabridge.exe", "KassaBridgeTray.exe")
def side(command, says, ends=None): return {"command": command, "says": says, "ends": ends}
stop = [exe, "agent", "stop"]
print(json.dumps([
    {"what": "without an icon", "agent": side([exe, "agent", "run", "--no-tray"], "agent_started", stop), "bare": side([bare], "ready: ")},
    {"what": "with the icon", "agent": side([tray, "agent", "run"], "agent_started", stop), "bare": side([bare, "tray"], "ready: ")},
]))
P
"$bin/python" "$root/packaging/windows/figures.py" "$WINEPREFIX" "$runs" "$idle" <"$here/sides.json"
