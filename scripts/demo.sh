#!/bin/sh
# A clinic of 25,000 made-up customers, a relay, and a simulated outside world: opens the console on it.
# Without a terminal it runs a whole campaign headless and prints what came of it.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-build/release}
WORLD=${WORLD:-build/demo}
. scripts/world.sh
trap 'world_stop' EXIT
trap 'exit 130' HUP INT TERM

mkdir -p "$WORLD"
"$BIN/canvass" --config "$WORLD/config.yaml" --home "$WORLD/state" init --demo
if [ -t 0 ] && [ -t 1 ]; then speed=20; else speed=400; fi
world_start --speed "${SPEED:-$speed}" --seed 7
if [ -t 0 ] && [ -t 1 ]; then
    # shellcheck disable=SC2086
    "$BIN/canvass" $CANVASS_FLAGS || exit $?
    echo "The demo is in $WORLD. make demo goes on with it; rm -r $WORLD begins anew."
    exit 0
fi

canvass() { "$BIN/canvass" $CANVASS_FLAGS "$@"; }
number() { sed -n "s/^.*\"$1\": *\([0-9]*\).*/\1/p" | head -n 1; }
echo
echo "No terminal here, so the campaign runs headless, and ten times as fast as on the screen."
CANVASS_FLAGS="$CANVASS_FLAGS --set sms.per_second=400"
canvass sync
canvass segment explain --template sms_booking_abandoners
count=$(canvass segment count --template sms_booking_abandoners --channel sms --json | number reachable)
id=$(canvass campaign create -f data/demo/campaign.yaml --json | number id)
canvass campaign launch "$id" --confirm "$count"
# The simulated customers answer over some seconds: send, then follow the conversation for a while.
end=$(($(date +%s) + ${DEMO_SECONDS:-20}))
while [ "$(date +%s)" -lt "$end" ]; do
    canvass run --until-idle >/dev/null
    [ "$(canvass campaign stats "$id" --json | number responded)" -lt "$((count / 8))" ] || break
done
canvass campaign stats "$id"
canvass inbox list | head -n 12
