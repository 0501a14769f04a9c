#!/usr/bin/env bash
# Prints the path of a Docker Compose 2 program, and gets it the first time.
#
# The tests of interoperability and the benchmark compare poststack with it.
set -euo pipefail

exec "${BASH_SOURCE[0]%/*}/unpacked.sh" docker-compose usr/libexec/docker/cli-plugins/docker-compose
