#!/usr/bin/env bash
# Prints the path of a program of a Debian package, and gets it the first time.
#
# usage: unpacked.sh PACKAGE PATH
#
# It comes from the Debian release after bookworm; the package is unpacked into
# a cache and never installed, and the system's package sources are left as they
# are. PATH is that of the program in the package; it must run by itself.
set -euo pipefail

readonly package=$1 path=$2 suite=trixie
cache=${XDG_CACHE_HOME:-$HOME/.cache}/poststack/$package
program=$cache/$path

if [[ -x $program ]]; then
    printf '%s\n' "$program"
    exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt drops to another user for downloads; it has to get in.
chmod 0755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/new"
# shellcheck disable=SC2016 # apt fills it in
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 'Created-By: Packages' 2> /dev/null | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}
printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "${mirror%/}" "$suite" > "$work/sources.list"

private_apt() {
    apt-get --quiet=2 \
        -o "Dir::Etc::SourceList=$work/sources.list" \
        -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$work/lists" \
        -o "Dir::Cache=$work/cache" \
        -o APT::Sandbox::User="$(id -un)" \
        "$@"
}

{
    private_apt update
    # Into the working directory, which is where `download` writes.
    (cd "$work" && private_apt download "$package")
    dpkg-deb --extract "$work/$package"_*.deb "$work/new"
} >&2

[[ -x $work/new/$path ]]
mkdir -p "${cache%/*}"
# Several that get it at the same time get the same: the first one stays.
if ! mv --no-target-directory "$work/new" "$cache" 2> /dev/null; then
    if [[ ! -x $program ]]; then
        rm -rf "$cache"
        mv --no-target-directory "$work/new" "$cache"
    fi
fi
printf '%s\n' "$program"
