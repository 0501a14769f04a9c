#!/usr/bin/env bash
# Puts the tools that poststack is measured beside into target/bench/tools
# and prints that folder. What cannot be had is left out, with a line about it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly tools=$PWD/target/bench/tools
mkdir -p "$tools"

say() {
    printf 'bench-tools: %s\n' "$*" >&2
}

# program crate version features
from_crates() {
    [[ ! -x $tools/$1 ]] || return 0
    say "building $2 $3"
    if cargo install --quiet --locked --root target/bench/cargo --target-dir target/bench/build \
        "$2" --version "$3" --no-default-features --features "$4" >&2; then
        cp "target/bench/cargo/bin/$1" "$tools/$1"
    else
        say "$2 cannot be built; it takes no part"
    fi
}

# Its npm package carries the program.
dbmate() {
    [[ ! -x $tools/dbmate ]] || return 0
    local folder
    folder=$(mktemp -d)
    if (cd "$folder" && npm pack --silent "@dbmate/linux-x64@$1" > /dev/null && tar -xzf ./*.tgz); then
        cp "$folder/package/bin/dbmate" "$tools/dbmate"
    else
        say "dbmate cannot be had from npm; it takes no part"
    fi
    rm -rf "$folder"
}

from_crates sqlx sqlx-cli 0.9.0 postgres,rustls
from_crates refinery refinery_cli 0.10.0 postgresql
dbmate 2.36.0
# Later ones refuse Podman 4.
from_crates podup podup 1.1.1 ""
echo "$tools"
