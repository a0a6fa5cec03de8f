# Sourced by demo.sh and by tests: starts the relay and the simulator of a world made by `canvass init --demo`.
# Needs: BIN (folder of the programs), WORLD (folder of the world). Sets: CANVASS_FLAGS, RELAY_PORT, SIM_PORT.

wait_for_file() { # FILE PID: until the program has written it
    i=0
    while [ ! -s "$1" ]; do
        kill -0 "$2" 2>/dev/null || { echo "a program ended before it was ready; see $WORLD/log" >&2; return 1; }
        i=$((i + 1))
        [ "$i" -lt 200 ] || { echo "waited too long for $1" >&2; return 1; }
        sleep 0.05
    done
}

world_start() { # further flags for the simulator
    mkdir -p "$WORLD/log"
    rm -f "$WORLD/relay.port" "$WORLD/sim.port"
    sid=$(sed -n 's/.*account_sid: *"\{0,1\}\(AC[0-9a-f]*\).*/\1/p' "$WORLD/config.yaml" | head -n 1)
    from=$(sed -n 's/^.*from: *"\(+[0-9]*\)".*/\1/p' "$WORLD/config.yaml" | head -n 1)
    "$BIN/canvass-relay" --config "$WORLD/relay.yaml" --listen 127.0.0.1:0 --public-url "" \
        --port-file "$WORLD/relay.port" >"$WORLD/log/relay.log" 2>&1 &
    RELAY_PID=$!
    wait_for_file "$WORLD/relay.port" "$RELAY_PID" || return 1
    RELAY_PORT=$(cat "$WORLD/relay.port")
    "$BIN/canvass-sim" --listen 127.0.0.1:0 --port-file "$WORLD/sim.port" --account-sid "$sid" \
        --auth-token-file "$WORLD/twilio.token" --from "$from" \
        --inbound-url "http://127.0.0.1:$RELAY_PORT/hooks/twilio/sms#rc=5&rp=all" \
        "$@" >"$WORLD/log/sim.log" 2>&1 &
    SIM_PID=$!
    wait_for_file "$WORLD/sim.port" "$SIM_PID" || return 1
    SIM_PORT=$(cat "$WORLD/sim.port")
    CANVASS_FLAGS="--config $WORLD/config.yaml --home $WORLD/state --set sms.base_url=http://127.0.0.1:$SIM_PORT
        --set relay.url=http://127.0.0.1:$RELAY_PORT --set relay.public_url=http://127.0.0.1:$RELAY_PORT"
}

world_stop() {
    for pid in ${SIM_PID:-} ${RELAY_PID:-}; do kill "$pid" 2>/dev/null || true; done
    for pid in ${SIM_PID:-} ${RELAY_PID:-}; do wait "$pid" 2>/dev/null || true; done
}
