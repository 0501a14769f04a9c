#!/usr/bin/env bash
# Prints the path of the program that makes systemd units of Quadlet files, and
# gets it the first time. It belongs to Podman 5, and is what judges such files.
set -euo pipefail

exec "${BASH_SOURCE[0]%/*}/unpacked.sh" podman usr/libexec/podman/quadlet
