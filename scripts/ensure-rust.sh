#!/usr/bin/env bash
# Makes sure that the Rust toolchain which Cargo.toml asks for is there, and a
# linker for it. Does nothing where it is.
#
# Debian 12's own Rust is too old, so a missing one comes from rustup: Debian's
# package of it where there is one, else its installer. Both keep to the user's
# home directory.
set -euo pipefail

cd "$(dirname "$0")/.."
PATH=$HOME/.cargo/bin:$PATH

say() {
    printf 'ensure-rust: %s\n' "$*" >&2
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

install_packages() {
    command -v apt-get > /dev/null || {
        say "cannot install $*: this is not a Debian system"
        exit 1
    }
    say "installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update > /dev/null || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends "$@" > /dev/null
}

# Whether the first version is at least the second.
at_least() {
    printf '%s\n%s\n' "$2" "$1" | sort --version-sort --check=quiet
}

needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)
needed=${needed:-0}

toolchain_fits() {
    command -v cargo > /dev/null && at_least "$(rustc --version 2> /dev/null | cut -d ' ' -f 2)" "$needed"
}

if ! command -v cc > /dev/null; then
    install_packages gcc libc6-dev
fi
if toolchain_fits; then
    exit 0
fi
if ! command -v rustup > /dev/null; then
    if [[ -n $(apt-cache --quiet=2 madison rustup 2> /dev/null) ]]; then
        install_packages rustup
    else
        command -v curl > /dev/null || install_packages curl ca-certificates
        say "installing rustup into $HOME/.cargo and $HOME/.rustup"
        curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs |
            sh -s -- -y --quiet --no-modify-path --profile minimal --component clippy --component rustfmt || true
    fi
fi
if command -v rustup > /dev/null && ! toolchain_fits; then
    rustup toolchain install stable --profile minimal --component clippy --component rustfmt
    rustup default stable
fi
if ! toolchain_fits; then
    say "poststack needs Rust $needed or newer, and it could not be installed here"
    printf 'hint: %s\n' "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
    exit 1
fi
