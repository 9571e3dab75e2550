# Every command a person runs. `just` alone lists them; none is needed for the README's two commands.

set shell := ["bash", "-euo", "pipefail", "-c"]

nextest := `command -v cargo-nextest >/dev/null 2>&1 && echo yes || echo no`
fuzz_targets := `fuzz/targets | tr "\n" " "`

_list:
    @just --list --unsorted

# a node on this machine with debug logs, in a folder that `just clean-data` empties
[group('run')]
dev *ARGS:
    cargo run -- serve --data-dir data --listen 127.0.0.1:8080 --log-level info,tidings=debug {{ARGS}}

# a node as a person runs it, optimised
[group('run')]
serve *ARGS:
    cargo run --release -- serve {{ARGS}}

# two nodes on loopback, ports 8080 and 8081; Ctrl-C ends both
[group('run')]
two:
    cargo build
    trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT INT TERM; \
    target/debug/tidings serve --data-dir data/one --listen 127.0.0.1:8080 & \
    target/debug/tidings serve --data-dir data/two --listen 127.0.0.1:8081 & \
    wait

# removes the folders of `just dev` and `just two`
[group('run')]
clean-data:
    rm -rf data

# what must be green before a commit: format, lints, licences, all tests but the black-box and the long ones
[group('check')]
check: fmt-check lint deny
    @if [ {{nextest}} = yes ]; then \
        cargo nextest run --workspace -E 'not test(/^e2e::/)'; \
    else \
        cargo test --workspace -- --skip e2e::; \
    fi

# all tests, the black-box suite in tests/e2e too
[group('check')]
test *ARGS:
    @if [ {{nextest}} = yes ]; then cargo nextest run --workspace {{ARGS}}; else cargo test --workspace {{ARGS}}; fi

# the black-box suite alone, against a debug build; arguments go to Node's test runner
[group('check')]
e2e *ARGS:
    cargo build
    cd tests/e2e && npm ci --no-audit --no-fund && TIDINGS_BIN="$PWD/../../target/debug/tidings" npm test -- {{ARGS}}

# the examples for nginx and Caddy in front of a debug build; skips what is not installed
[group('check')]
proxies:
    cargo build
    cd tests/e2e && npm ci --no-audit --no-fund
    PATH="$PATH:/usr/sbin" TIDINGS_BIN="$PWD/target/debug/tidings" node --test --test-reporter=spec deploy/test/

# the client core as WebAssembly: its own tests under Node, and against ts-mls and a debug build of the node
[group('check')]
web-core *ARGS:
    cargo build
    scripts/build-web-core --tests
    (cd tests/e2e && npm ci --no-audit --no-fund) && cd tests/web-core && npm ci --no-audit --no-fund && npm test -- {{ARGS}}

# all of CI, from a clean tree as it runs there
[group('check')]
ci:
    .ci/run

# clippy on everything, warnings are errors
[group('check')]
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# formats all sources
[group('check')]
fmt:
    cargo fmt --all
    cd fuzz && cargo fmt

# complains about what is not formatted
[group('check')]
fmt-check:
    cargo fmt --all --check
    cd fuzz && cargo fmt --check

# licences, banned crates and sources of all dependencies
[group('check')]
deny:
    cargo deny --log-level warn check licenses bans sources

# the documentation of all crates, private items too; warnings are errors
[group('check')]
doc *ARGS:
    RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --workspace --no-deps --document-private-items {{ARGS}}

# the long crash test: at least 50 times kill -9 under load
[group('long')]
kill ROUNDS="60":
    TIDINGS_KILL_ROUNDS={{ROUNDS}} cargo test --release -p tidings --test it crash -- --nocapture

# people, nodes and a bad network, seed after seed, in an optimised build; stops with what failed
[group('long')]
simulate SEEDS="1..3001" *ARGS:
    cargo run --profile play -p tidings-client --example simulate -- --seeds {{SEEDS}} {{ARGS}}

# fuzzes each target, or the given one, for so many seconds
[group('long')]
fuzz SECONDS="180" TARGETS=fuzz_targets:
    fuzz/run {{SECONDS}} {{TARGETS}}

# keeps what the fuzzers found worth keeping: a minimised corpus of small inputs
[group('long')]
fuzz-keep TARGETS=fuzz_targets:
    fuzz/keep {{TARGETS}}

# the benchmarks, against a fresh optimised node on this machine's disk
[group('long')]
bench *ARGS:
    bench/run.sh {{ARGS}}

# the web app: types, unit tests, and people who talk in Debian's Chromium through a real node (needs target/debug/tidings and web/dist)
[group('long')]
web-app:
    npm --prefix web run check && npm --prefix web test && npm --prefix web run build
    npm --prefix tests/web-app ci --no-audit --no-fund && OTHER_ORIGIN=1 npm --prefix tests/web-app test

# pictures of every page of the web app, in both themes and sizes, in target/screens
[group('long')]
screens:
    npm --prefix tests/web-app ci --no-audit --no-fund && OTHER_ORIGIN=1 node tests/web-app/screens.mjs

# which lines the tests reach, as HTML in target/llvm-cov; needs cargo-llvm-cov and LLVM's tools
[group('long')]
coverage:
    cargo llvm-cov --workspace --html

# the binary to hand out, in target/dist
[group('ship')]
release:
    cargo build --profile dist -p tidings
    ls -l target/dist/tidings

# the container image tidings:latest, by podman or docker
[group('ship')]
image:
    $(command -v podman || command -v docker) build --file deploy/Containerfile --tag tidings:latest .
