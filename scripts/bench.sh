#!/usr/bin/env bash
# Measures poststack beside Docker Compose on this machine; see bench.py.
#
# usage: bench.sh [--runs N] [--no-podman] [--no-database]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v python3 > /dev/null; then
    echo "bench: python3 is needed; apt-get install python3" >&2
    exit 1
fi
compose=$(scripts/docker-compose.sh)
exec python3 scripts/bench.py --compose "$compose" --poststack target/release/poststack "$@"
