#!/usr/bin/env bash
# Measures poststack beside Docker Compose and beside other migration tools on
# this machine; see bench.py and bench-migrations.py.
#
# usage: bench.sh [start|migrations] [option of the Python program...]
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

migrations() {
    local floor tools
    tools=$(scripts/bench-tools.sh)
    floor=$(cargo bench --no-run --bench migration_floor 2>&1 | sed -n 's/.*migration_floor.rs (\(.*\))/\1/p')
    python3 scripts/bench-migrations.py --poststack target/release/poststack --floor "$floor" \
        --tools "$tools" "$@"
}

case ${1:-all} in
    start | migrations) "$@" ;;
    all)
        start
        migrations ;;
    *)
        echo "usage: bench.sh [start|migrations] [option...]" >&2
        exit 2 ;;
esac
