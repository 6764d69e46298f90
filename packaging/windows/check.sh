#!/usr/bin/env bash
# Installs the bundle under wine as a shop would and lets it work: pairing, a receipt over TCP and one over a COM port,
# a second start refused, the tray with its menu, the folder moved, an upgrade while it runs, removal.
#
#   packaging/windows/check.sh [WORK] [OUT] [SHOTS]      WORK and OUT as build.sh had them; SHOTS gets the pictures
#
# A gate, not a proof: no Defender, no SmartScreen, no UAC, no drivers, no sleep. The registers are simulators.
# Needs what build.sh needs, curl, xdotool, imagemagick and the project's own .venv (make setup).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(cd "${1:-$root/build/windows}" && pwd)
out=$(cd "${2:-$root/dist/windows}" && pwd)
shots=$(mkdir -p "${3:-$work/shots}" && cd "${3:-$work/shots}" && pwd)
setup=$(ls "$out"/KassaBridge-*-setup.exe)
. "$root/packaging/windows/shop.sh"

rm -rf "$programs" "$data"
open_shop
"$bin/kassabridge" simulate shtrih --listen "pty:$here/line" --state "$here/b.json" >"$here/b.log" 2>&1 & children+=($!)
wait_for 20 "the register behind a COM port" grep -q listening "$here/b.log"
say "server and registers"

# --- installed, paired, at work

install_it "$setup"
say "installed: $(du -sh "$programs" | cut -f1) from $(du -sh "$setup" | cut -f1)"
registry() { wine reg query "$1" /reg:64 </dev/null 2>&1 | cat; }
says KassaBridgeTray registry 'HKLM\Software\Microsoft\Windows\CurrentVersion\Run' ||
    die "no autostart"
says 'agent open pair' registry 'HKLM\Software\Classes\kassabridge\shell\open\command' ||
    die "kassabridge: links are not registered"
configure ru
pair_it
say "paired"
start "$exe"
wait_for 60 "the link" ready
receipt first

# --- one agent per machine: also from another folder with another data folder it is refused, and told whose the first is

refused() { # ARGUMENTS OF A SECOND START
    local code=0
    agent agent run --no-tray "$@" >"$here/second.log" || code=$?
    [ "$code" = 1 ] || die "a second start ended with $code"
    grep -q 'уже запущен: пользователь .*, с [0-9.]* [0-9:]*, процесс' "$here/second.log" || die "it does not say who runs it"
}
refused
cp -r "$data" "$WINEPREFIX/drive_c/Elsewhere"
rm -f "$WINEPREFIX"/drive_c/Elsewhere/journal.sqlite3*
sed "s/^\[agent\]/[agent]\ndata_dir = 'C:\\\\Elsewhere'/" "$data/config.toml" >"$WINEPREFIX/drive_c/Elsewhere/config.toml"
refused --config 'C:\Elsewhere\config.toml'
[ ! -e "$WINEPREFIX/drive_c/Elsewhere/journal.sqlite3" ] || die "the second agent has begun a journal"
rm -r "$WINEPREFIX/drive_c/Elsewhere"
ready || die "the first agent does not run any more"
say "a second start is refused: $(grep -o 'user .*, process [0-9]*' "$here/second.log" | head -1)"
agent agent stop >/dev/null
[ ! -e "$data/agent.owner.json" ] || die "the record of who runs it is left behind"

# --- the tray: the icon that was drawn, a menu, a second start that says so on the screen, an end by the menu

shot() { import -window root -crop 640x480+0+0 +repage "$shots/$1.png"; }
look() { "$bin/python" "$root/packaging/windows/look.py" "$@"; }
at_the_icon() { xdotool mousemove 400 240; sleep .2; xdotool mousemove 630 470; sleep .3; }
press() { xdotool mousedown "$1"; sleep .15; xdotool mouseup "$1"; }
tray='C:\Program Files\KassaBridge\KassaBridgeTray.exe'
icon_is() { shot "$1-icon" && look icon "$shots/$1-icon.png" "$2"; }
menu_is() { at_the_icon; press 3; sleep 1; shot "$1-menu"; look appeared "$shots/$1-icon.png" "$shots/$1-menu.png" >"$here/menu" || { press 1; return 1; }; }
choose_the_last() { # upwards from the menu's lower edge until an entry lights up
    local left bottom up
    read -r left _ _ bottom <"$here/menu"
    for up in $(seq 4 4 40); do
        xdotool mousemove $((left + 60)) $((bottom - up)); sleep .2; shot "$1-chosen"
        if look lit "$shots/$1-chosen.png" "$((left + 60)),$((bottom - up))" >/dev/null; then press 1; return; fi
    done
    die "no entry of the menu lights up"
}
closed() { shot "$1-closed"; ! look appeared "$shots/$1-icon.png" "$shots/$1-closed.png"; }
box_is() { shot "$1-second"; look appeared "$shots/$1-icon.png" "$shots/$1-second.png"; }
stopped() { says 'не запущен' agent agent status; }
wine reg add 'HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize' /v SystemUsesLightTheme /t REG_DWORD /d 1 /f \
    </dev/null 2>&1 | cat >/dev/null # wine's task bar is white
for language in ru en; do
    configure "$language"
    (wine explorer /desktop="$language",640x480 "$tray" agent run </dev/null 2>&1 | cat >>"$here/tray.log") &
    wait_for 60 "the link of the tray program" ready
    wait_for 30 "the icon ($language)" icon_is "$language" ready
    (wine explorer /desktop="$language",640x480 "$tray" agent run </dev/null 2>&1 | cat >>"$here/tray.log") &
    wait_for 30 "the box of a second start ($language)" box_is "$language"
    xdotool key Return
    wait_for 10 "the box is closed" closed "$language"
    wait_for 10 "the menu ($language)" menu_is "$language"
    choose_the_last "$language"
    wait_for 30 "the end that was chosen in the menu ($language)" stopped
    say "icon, menu and quit: $language"
done
[ "$(compare -metric AE "$shots/ru-menu.png" "$shots/en-menu.png" null: 2>&1)" -gt 500 ] || die "both menus speak one language"
configure ru

# --- a COM port

ln -sfn "$(readlink -f "$here/line")" "$WINEPREFIX/dosdevices/com33"
at_com33() { agent device --driver shtrih --address 'serial:COM33?baud=115200' "$@" --json; }
says register_serial at_com33 identity ||
    die "no register behind COM33"
says '"state": "done"' at_com33 receipt "$(winepath -w "$root/examples/receipts/02-two-rates-card.json")" ||
    die "no receipt over COM33"
say "a receipt over COM33"

# --- an upgrade while it runs: the agent is asked to end, the journal stays

start "$exe"
wait_for 60 "the link" ready
install_it "$setup"
ready && die "the old agent runs on after the upgrade"
says first agent agent journal list || die "the journal is gone"
say "upgraded"

# --- moved out of its folder

mv "$programs" "$WINEPREFIX/drive_c/Moved"
start 'C:\Moved\kassabridge.exe'
exe='C:\Moved\kassabridge.exe'
wait_for 60 "the link of the moved program" ready
receipt second
says 'not running' agent agent stop || die "it does not end"
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
