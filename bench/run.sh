#!/usr/bin/env bash
# Builds the node and the load generator, starts the node in a fresh folder, measures, and prints markdown for
# docs/performance.md.
#
#   bench/run.sh [OPTIONS]             parcels; options go to `tidings-bench run`, as in: --seconds 10 --only upload-1k,delete
#   bench/run.sh rooms [OPTIONS]       a room: deliveries as fast as they go, and paced; so for all below, each on a fresh node
#   bench/run.sh channel [OPTIONS]     the same for a channel
#   bench/run.sh store [OPTIONS]       messages into a room that nobody watches
#   bench/run.sh pull [OPTIONS]        history
#   bench/run.sh idle [OPTIONS]        what idle clients cost
#   bench/run.sh soak [OPTIONS]        memory over very many messages
#   bench/run.sh talk                  rooms, channel, store, pull and idle, one after the other
#   bench/run.sh conversations [OPTIONS]  entries of groups through the native door while 10,000 devices listen
#   bench/run.sh resume [OPTIONS]      devices that come back after 50,000 messages
#   bench/run.sh listen [OPTIONS]      what devices cost that only listen
#   bench/run.sh client                the client's core: MLS, messages, catching up, and the cold start of the terminal client
#   bench/run.sh native                conversations, resume and listen, one after the other
#
#   BENCH_DATA=FOLDER    where the node's folder is made: it must be on the disk to be measured (default target/bench-data)
#   BENCH_PROFILE=NAME   cargo's profile for the node (default release)
#   BENCH_BINARY=FILE    a node that is there already, instead of building one
#   BENCH_ACCOUNTS=N BENCH_WAITING=M    the node has so many accounts and waiting parcels before it starts (default none)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
    rooms | channel | store | pull | idle | soak | conversations | resume | listen) workloads=("$1"); shift ;;
    talk) workloads=(rooms channel store pull idle); shift ;;
    client) workloads=(client); shift ;;
    native) workloads=(conversations resume listen); shift ;;
    *) workloads=(run) ;;
esac

# The limits keep one address from doing what a load generator does, so they are raised as far as they go.
node_settings=(
    TIDINGS_LISTEN=127.0.0.1:0
    TIDINGS_LOG_LEVEL=warn
    TIDINGS_RATE_ADDRESS_BURST=1000000
    TIDINGS_RATE_ADDRESS_PER_SECOND=1000000
    TIDINGS_RATE_KEY_BURST=1000000
    TIDINGS_RATE_KEY_PER_SECOND=1000000
    TIDINGS_RATE_GUESSES_BURST=1000000
    TIDINGS_RATE_GUESSES_PER_SECOND=1000000
    TIDINGS_QUOTA_INBOX_PARCELS=1000000000
    TIDINGS_QUOTA_INBOX_BYTES=1000GiB
    TIDINGS_QUOTA_SENDER_PARCELS=1000000000
    TIDINGS_QUOTA_SENDER_BYTES=1000GiB
    TIDINGS_TRANSFERS_PER_KEY=100000
)
# The same for rooms and channels. Connections of one address are limited, too, except for proxies.
talk_settings=(
    TIDINGS_TRUSTED_PROXIES=127.0.0.0/8
    TIDINGS_MAX_CONNECTIONS=25000
    TIDINGS_DENETWORK_RATE_CONNECTION_BURST=1000000
    TIDINGS_DENETWORK_RATE_CONNECTION_PER_SECOND=1000000
    TIDINGS_DENETWORK_RATE_WALLET_BURST=1000000
    TIDINGS_DENETWORK_RATE_WALLET_PER_SECOND=1000000
    TIDINGS_DENETWORK_RATE_ADDRESS_FACTOR=10000
    TIDINGS_DENETWORK_RATE_MISSES_BURST=1000000
    TIDINGS_DENETWORK_RATE_MISSES_PER_SECOND=1000000
    TIDINGS_QUOTA_ROOM_BYTES=1000GiB
    TIDINGS_DARKCHAT_CLIENT_MESSAGES_PER_SECOND=10000000
    TIDINGS_DARKCHAT_CLIENT_BYTES_PER_SECOND=3GiB
)
# Everybody may make an account at the native door, and no group is ever full.
native_settings=(
    TIDINGS_OPEN_REGISTRATION=true
    TIDINGS_QUOTA_GROUP_BYTES=1000GiB
    TIDINGS_QUOTA_ACCOUNT_GROUPS=1000GiB
)
[[ ${workloads[0]} == run ]] || node_settings+=("${native_settings[@]}")
[[ ${workloads[0]} == run ]] || node_settings+=("${talk_settings[@]}")

profile=${BENCH_PROFILE:-release}
target=${CARGO_TARGET_DIR:-target}
parent=${BENCH_DATA:-$target/bench-data}
bench=$target/release/tidings-bench
cargo build --quiet --release -p tidings-bench
if [[ -n ${BENCH_BINARY:-} ]]; then
    tidings=$BENCH_BINARY
else
    cargo build --quiet --profile "$profile" -p tidings
    tidings=$target/$profile/tidings
fi

# Idle clients need a file each, in the node as in the generator.
ulimit -S -n "$(ulimit -H -n)" || true

mkdir -p "$parent"
folder=
server=
stop() {
    if [[ -n $server ]]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=
    fi
    [[ -z $folder ]] || rm -rf "$folder"
    folder=
}
trap stop EXIT
trap 'exit 130' INT TERM

resident() { awk '/^VmRSS:/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# Starts a node in a fresh folder. Sets server, folder, url, address, invite, ready and idle.
start_node() {
    folder=$(mktemp -d "$parent/run.XXXXXX")
    : >"$folder/out"
    local settings=("${node_settings[@]}") started
    if [[ -n ${BENCH_ACCOUNTS:-} ]]; then
        mkdir -m 700 "$folder/data"
        cargo run --quiet --release -p tidings-backends --example seed -- \
            "$folder/data/tidings.db" "$BENCH_ACCOUNTS" "${BENCH_WAITING:-0}" >"$folder/seeded"
        # It has people already, so it prints an invitation only if it is asked to.
        settings+=(TIDINGS_CREATE_INVITATION=true)
    fi
    started=$(date +%s%N)
    env "${settings[@]}" TIDINGS_DATA_DIR="$folder/data" "$tidings" serve >"$folder/out" 2>"$folder/err" &
    server=$!
    url=
    invite=
    for _ in $(seq 2000); do
        url=$(sed -n 's|^listening on \(http://127\.0\.0\.1:[0-9]*\)$|\1|p' "$folder/out")
        invite=$(grep -m1 'exchange-url=' "$folder/out" || true)
        [[ -n $url && -n $invite ]] && break
        kill -0 "$server" 2>/dev/null || { cat "$folder/out" "$folder/err" >&2; exit 1; }
        sleep 0.005
    done
    ready=$(( ($(date +%s%N) - started) / 1000000 ))
    [[ -n $url && -n $invite ]] || { echo "the node printed no address and invitation within ten seconds" >&2; exit 1; }
    address=${url#http://}
    idle=$(resident "$server")
}

# start_reference [COMMAND]: starts the server that only passes messages on. Sets server, folder and address.
start_reference() {
    folder=$(mktemp -d "$parent/run.XXXXXX")
    : >"$folder/out"
    "$bench" "${1:-reference}" >"$folder/out" &
    server=$!
    address=
    for _ in $(seq 2000); do
        address=$(sed -n 's|^listening on ||p' "$folder/out")
        [[ -n $address ]] && return
        sleep 0.005
    done
    echo "the reference server printed no address within ten seconds" >&2
    exit 1
}

show_log() {
    [[ -s $folder/err ]] || return 0
    echo
    echo "The node logged $(wc -l <"$folder/err") lines; the last ones:"
    echo
    tail -n 5 "$folder/err" | sed 's/^/    /'
}

measure_parcels() {
    start_node
    if [[ -s $folder/seeded ]]; then echo "The node had $(<"$folder/seeded") before it started."; echo; fi
    "$bench" sync "$folder"
    echo "Start-up to the printed invitation, keys made: $ready ms. Resident memory idle: $idle MiB."
    echo
    echo "The generator alone, against a server that only answers:"
    echo
    "$bench" alone --seconds 2
    echo
    echo "The node:"
    echo
    "$bench" run --url "$url" --invite "$invite" --pid "$server" "$@"
    echo
    "$bench" sync "$folder"
    echo "Resident memory afterwards: $(resident "$server") MiB."
    show_log
    stop
}

# measure_talk WORKLOAD OPTIONS...
measure_talk() {
    local workload=$1
    shift
    local where=(--address)
    echo "## $workload"
    echo
    if [[ $workload == idle || $workload == soak ]]; then
        # Both doors are on the node's own port.
        where=(--rooms --channels)
    else
        start_reference
        echo "The generator's ceiling, against a server that only passes messages on:"
        echo
        "$bench" "$workload" "${where[@]/%/=$address}" --pid "$server" --seconds 2 --warm-up 0
        echo
        stop
        echo "The node:"
        echo
    fi
    start_node
    if [[ $workload == idle ]]; then
        # Some files of the node are none of its clients'.
        local most=$(( $(ulimit -n) - 200 ))
        set -- --clients $(( most < 20000 ? most : 20000 )) "$@"
    fi
    "$bench" "$workload" "${where[@]/%/=$address}" --pid "$server" "$@"
    echo
    echo "Resident memory: $idle MiB before, $(resident "$server") MiB after."
    show_log
    echo
    stop
}

# measure_native WORKLOAD OPTIONS...
measure_native() {
    local workload=$1
    shift
    echo "## $workload"
    echo
    if [[ $workload == conversations ]]; then
        start_reference native-reference
        "$bench" sync "$folder"
        echo
        echo "The generator's ceiling, against a server that only passes entries on:"
        echo
        "$bench" conversations --address "$address" --pid "$server" --seconds 2 --warm-up 0.5
        echo
        stop
        echo "The node:"
        echo
    fi
    start_node
    "$bench" "$workload" --address "$address" --pid "$server" "$@"
    echo
    echo "Resident memory: $idle MiB before, $(resident "$server") MiB after."
    show_log
    echo
    stop
}

# The client alone, but for the cold start, whose profile is filled through a node. Fails if a ceiling is passed.
measure_client() {
    local examples=$target/release/examples failed=0
    cargo build --quiet --release -p tidings-mls --example mls_bench
    cargo build --quiet --release -p tidings-client --example client_bench
    cargo build --quiet --release -p tidings-terminal --example cold_start
    echo "## client"
    echo
    "$examples/client_bench" || failed=1
    echo
    echo "MLS by itself:"
    echo
    "$examples/mls_bench" | sed 's/^/    /'
    echo
    start_node
    echo "Cold start:"
    echo
    "$examples/cold_start" fill "$folder/profile" "$url" | tail -n 1 | sed 's/^/    filled: /'
    "$examples/cold_start" measure "$folder/profile" | sed 's/^/    /' || failed=1
    show_log
    stop
    return "$failed"
}

echo "Measured $(date -u +%Y-%m-%d) at $(git describe --always --dirty --exclude '*' 2>/dev/null || echo 'an unknown commit')," \
    "${BENCH_BINARY:-profile $profile}, $(nproc) processors shared by node and generator," \
    "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(stat -f -c %T "$parent")."
echo
for workload in "${workloads[@]}"; do
    case $workload in
        run) measure_parcels "$@" ;;
        client) measure_client ;;
        conversations | resume | listen) measure_native "$workload" "$@" ;;
        *) measure_talk "$workload" "$@" ;;
    esac
done
