#!/usr/bin/env bash
# The demonstration: starts examples/quickstart with the release binary, shows
# its status, and asks the application for its row of the database.
set -euo pipefail

cd "$(dirname "$0")/.."
poststack=$PWD/target/release/poststack
url=http://127.0.0.1:${WEB_PORT:-8080}/
cd examples/quickstart

# Shows a command before it runs, as one would type it.
show() {
    local shown="$*"
    printf '\n$ %s\n' "${shown//"$poststack"/poststack}" >&2
    "$@"
}

show "$poststack" env start dev
show "$poststack" env status dev
show curl --fail --silent --show-error --max-time 10 "$url"

printf '\nThe application answers at %s. To stop it: (cd examples/quickstart && %s env stop dev --rm)\n' \
    "$url" ../../target/release/poststack >&2
