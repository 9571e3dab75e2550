#!/usr/bin/env bash
# Builds the node and the load generator, starts the node in a fresh folder, measures, and prints markdown for
# docs/performance.md. Arguments go to `tidings-bench run`, as in: bench/run.sh --seconds 10 --only upload-1k,delete
#
#   BENCH_DATA=FOLDER    where the node's folder is made: it must be on the disk to be measured (default target/bench-data)
#   BENCH_PROFILE=NAME   cargo's profile for the node (default release)
#   BENCH_BINARY=FILE    a node that is there already, instead of building one
#   BENCH_ACCOUNTS=N BENCH_WAITING=M    the node has so many accounts and waiting parcels before it starts (default none)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

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

mkdir -p "$parent"
folder=$(mktemp -d "$parent/run.XXXXXX")
node=
finish() {
    if [[ -n $node ]]; then
        kill -TERM "$node" 2>/dev/null || true
        wait "$node" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

resident() { awk '/^VmRSS:/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

if [[ -n ${BENCH_ACCOUNTS:-} ]]; then
    mkdir -m 700 "$folder/data"
    cargo run --quiet --release -p tidings-backends --example seed -- \
        "$folder/data/tidings.db" "$BENCH_ACCOUNTS" "${BENCH_WAITING:-0}" >"$folder/seeded"
    # It has people already, so it prints an invitation only if it is asked to.
    node_settings+=(TIDINGS_CREATE_INVITATION=true)
fi

started=$(date +%s%N)
env "${node_settings[@]}" TIDINGS_DATA_DIR="$folder/data" "$tidings" serve >"$folder/out" 2>"$folder/err" &
node=$!
url=
invite=
for _ in $(seq 2000); do
    url=$(sed -n 's|^listening on \(http://127\.0\.0\.1:[0-9]*\)$|\1|p' "$folder/out")
    invite=$(grep -m1 'exchange-url=' "$folder/out" || true)
    [[ -n $url && -n $invite ]] && break
    kill -0 "$node" 2>/dev/null || { cat "$folder/out" "$folder/err" >&2; exit 1; }
    sleep 0.005
done
ready=$(( ($(date +%s%N) - started) / 1000000 ))
[[ -n $url && -n $invite ]] || { echo "the node printed no address and invitation within ten seconds" >&2; exit 1; }
idle=$(resident "$node")

echo "Measured $(date -u +%Y-%m-%d) at $(git describe --always --dirty --exclude '*' 2>/dev/null || echo 'an unknown commit')," \
    "${BENCH_BINARY:-profile $profile}, $(nproc) processors shared by node and generator," \
    "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(stat -f -c %T "$folder")."
echo
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
"$bench" run --url "$url" --invite "$invite" --pid "$node" "$@"
echo
"$bench" sync "$folder"
echo "Resident memory afterwards: $(resident "$node") MiB."
if [[ -s $folder/err ]]; then
    echo
    echo "The node logged $(wc -l <"$folder/err") lines; the last ones:"
    echo
    tail -n 5 "$folder/err" | sed 's/^/    /'
fi
