#!/usr/bin/env bash
# Measures poststack beside Docker Compose, beside the bare calls of an engine and
# beside other tools on this machine; see bench.py, bench-services.py and
# bench-migrations.py.
#
# usage: bench.sh [start|services|migrations] [option of the Python program...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v python3 > /dev/null; then
    echo "bench: python3 is needed; apt-get install python3" >&2
    exit 1
fi

start() {
    local compose
    compose=$(scripts/docker-compose.sh)
    python3 scripts/bench.py --compose "$compose" --poststack target/release/poststack "$@"
}

# The program of a file in benches/.
floor() {
    cargo bench --no-run --bench "$1" 2>&1 | sed -n "s/.*$1.rs (\\(.*\\))/\\1/p"
}

services() {
    local compose floor podup
    compose=$(scripts/docker-compose.sh)
    floor=$(floor engine_floor)
    podup=$(scripts/bench-tools.sh)/podup
    [[ -x $podup ]] || podup=
    python3 scripts/bench-services.py --poststack target/release/poststack --floor "$floor" \
        --compose "$compose" ${podup:+--podup "$podup"} "$@"
}

migrations() {
    local floor tools
    tools=$(scripts/bench-tools.sh)
    floor=$(floor migration_floor)
    python3 scripts/bench-migrations.py --poststack target/release/poststack --floor "$floor" \
        --tools "$tools" "$@"
}

case ${1:-all} in
    start | services | migrations) "$@" ;;
    all)
        start
        services
        migrations ;;
    *)
        echo "usage: bench.sh [start|services|migrations] [option...]" >&2
        exit 2 ;;
esac
