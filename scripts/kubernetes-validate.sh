#!/usr/bin/env bash
# Prints the path of a program that checks Kubernetes objects against the
# published schemas, and gets it the first time: kubernetes-validate from the
# Python package index, in an environment of its own.
set -euo pipefail

readonly version=1.37.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/poststack/kubernetes-validate-$version
program=$cache/bin/kubernetes-validate

if [[ -x $program && -e $cache/complete ]]; then
    printf '%s\n' "$program"
    exit
fi

mkdir -p "${cache%/*}"
# Several that want it at the same time wait for the first one.
exec 9> "$cache.lock"
flock 9
if [[ ! -e $cache/complete ]]; then
    rm -rf "$cache"
    {
        python3 -m venv "$cache"
        "$cache/bin/pip" install --quiet --disable-pip-version-check "kubernetes-validate==$version"
    } >&2
    touch "$cache/complete"
fi
printf '%s\n' "$program"
