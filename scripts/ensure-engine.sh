#!/usr/bin/env bash
# Makes sure that a container engine answers and has the image
# debian:bookworm-slim, from which poststack's images are built.
#
# usage: ensure-engine.sh [--podman] [--tests]
#
#   (nothing)  An engine that answers is used. Where there is none, Docker is
#              installed from Debian's packages and started.
#   --podman   Docker and Podman both, each with its API socket.
#   --tests    Also PostgreSQL 15's programs, openssl, git, zsh, fish, Docker
#              Compose and the judges of Quadlet files and Kubernetes objects,
#              which the tests run on the host.
#
# Works as root or through sudo, and does nothing the second time.
set -Eeuo pipefail

readonly image=debian:bookworm-slim
readonly suite=bookworm
readonly docker_socket=/run/docker.sock
readonly podman_socket=/run/podman/podman.sock
readonly podman_settings=/etc/containers/containers.conf.d/90-poststack.conf
readonly root_image=/var/cache/poststack/$suite-slim.tar
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

want_podman=false
want_tests=false
for argument in "$@"; do
    case $argument in
        --podman) want_podman=true ;;
        --tests) want_tests=true ;;
        *)
            echo "usage: ${0##*/} [--podman] [--tests]" >&2
            exit 2 ;;
    esac
done

say() {
    printf 'ensure-engine: %s\n' "$*" >&2
}

fail() {
    say "$1"
    shift
    (($# == 0)) || printf 'hint: %s\n' "$@" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo -- "$@"
    else
        fail "this needs root, and there is no sudo: $*" "run the same command as root"
    fi
}

has() {
    command -v "$1" > /dev/null
}

# --- Packages -------------------------------------------------------------------

packages_updated=false

install_packages() {
    has apt-get || fail "cannot install $*: this is not a Debian system" \
        "install and start Docker or Podman, then run this again"
    say "installing $*"
    # Another apt may be at work; a lock is waited for, not an error.
    local output apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    if ! $packages_updated; then
        as_root "${apt[@]}" update > /dev/null 2>&1 || say "warning: the package lists could not be updated"
        packages_updated=true
    fi
    if ! output=$(as_root "${apt[@]}" install -y --no-install-recommends "$@" 2>&1); then
        printf '%s\n' "$output" >&2
        fail "cannot install $*" "apt-get install $*"
    fi
}

# --- Engines in general ---------------------------------------------------------

api() { # socket method path [curl argument...]
    local socket=$1 method=$2 path=$3
    shift 3
    # --globoff: a path may hold brackets. --fail: an HTTP error is an error.
    curl --silent --fail --globoff --unix-socket "$socket" --request "$method" "$@" "http://engine$path"
}

answers() {
    [[ -S $1 && -w $1 ]] && api "$1" GET /_ping --max-time 5 > /dev/null
}

# Root may always ask, also where the user's own access is still to be granted.
answers_root() {
    as_root test -S "$1" && as_root curl --silent --fail --max-time 5 --unix-socket "$1" http://engine/_ping > /dev/null
}

wait_until_answers() { # socket log program
    local i
    for ((i = 0; i < 150; i++)); do
        ! answers_root "$1" || return 0
        sleep 0.2
    done
    as_root tail -n 20 "$2" >&2 || true
    fail "$3 was started, but $1 does not answer" "the log is $2"
}

# A process that outlives this script, its terminal and its process group.
start_in_background() { # log program argument...
    local log=$1
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell, as root
    as_root sh -c 'log=$1; shift; exec setsid --fork nohup "$@" < /dev/null >> "$log" 2>&1' sh "$log" "$@"
}

# Lets the user who runs this use a socket of root's without logging in again.
# Whoever can become root through sudo gains nothing by it.
grant() { # socket
    ((EUID != 0)) || return 0
    [[ ! -w $1 ]] || return 0
    as_root chmod a+x "$(dirname "$1")"
    as_root chown "$(id -un)" "$1"
}

service_manager_runs() {
    [[ -d /run/systemd/system ]]
}

# --- Docker ---------------------------------------------------------------------

# A kernel without nftables still has the older interface, and Docker's rules are
# written with the one that /usr/sbin/iptables names.
choose_iptables() {
    if ! as_root iptables -w -t nat -S > /dev/null 2>&1 && as_root iptables-legacy -w -t nat -S > /dev/null 2>&1; then
        as_root update-alternatives --set iptables /usr/sbin/iptables-legacy > /dev/null
    fi
}

mount_cgroups() {
    if ! grep -q cgroup /proc/mounts; then
        as_root mkdir -p /sys/fs/cgroup
        as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup
    fi
}

# A daemon that was killed leaves its process id behind. dockerd refuses to start
# when another process has got that number since, and waits in vain for a
# containerd of its own in the same case.
forget_dead_daemons() {
    local daemon id
    for daemon in docker docker/containerd/containerd; do
        id=$(as_root cat "/run/$daemon.pid" 2> /dev/null) || continue
        # A process that ended and was not waited for has a name still, but no program.
        case $(as_root readlink "/proc/$id/exe" 2> /dev/null) in
            */dockerd* | */containerd*) ;;
            *) as_root rm -f "/run/$daemon.pid" ;;
        esac
    done
}

ensure_docker() {
    if answers "$docker_socket"; then
        return
    fi
    has curl || install_packages curl ca-certificates
    if ! has dockerd; then
        install_packages docker.io runc iptables ca-certificates curl
    fi
    if ! answers_root "$docker_socket"; then
        mount_cgroups
        choose_iptables
        if service_manager_runs; then
            as_root systemctl start docker
        else
            forget_dead_daemons
            say "starting dockerd, its log is /var/log/dockerd.log"
            start_in_background /var/log/dockerd.log dockerd
        fi
        wait_until_answers "$docker_socket" /var/log/dockerd.log dockerd
    fi
    if ((EUID != 0)); then
        # For the next login; for now, see grant.
        as_root usermod --append --groups docker "$(id -un)" || true
    fi
    grant "$docker_socket"
}

# --- Podman ---------------------------------------------------------------------

podman_is_set() { # key
    find /etc/containers/containers.conf /etc/containers/containers.conf.d -name '*.conf' \
        ! -path "$podman_settings" -exec grep -Eq "^[[:space:]]*$1[[:space:]]*=" {} \; -print 2> /dev/null |
        grep -q .
}

smaller() {
    # "unlimited" is larger than every number.
    [[ $1 == unlimited ]] || { [[ $2 != unlimited ]] && (($2 < $1)); } && echo "$2" || echo "$1"
}

# The settings this machine needs for Podman to run a container at all, as a
# file. An administrator's own settings are left alone.
podman_settings_needed() {
    # crun 1.8, which Debian 12 prefers, wants the unified hierarchy.
    if [[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]] && ! podman_is_set runtime; then
        printf '[engine]\nruntime = "runc"\n'
    fi
    # As root Podman asks for a million open files, which is refused where even
    # root may not raise a hard limit. It also lowers its own limit of processes
    # to the number of process ids, and cannot give more than it has.
    if ! as_root sh -c 'ulimit -Hn 1048576 && ulimit -Hp 4194304' > /dev/null 2>&1 && ! podman_is_set default_ulimits; then
        local files processes
        # shellcheck disable=SC2016
        files=$(as_root bash -c 'ulimit -Hn') processes=$(as_root bash -c 'ulimit -Hu')
        files=$(smaller "$files" 1048576)
        processes=$(smaller "$processes" "$(< /proc/sys/kernel/pid_max)")
        printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
            "$files" "$files" "$processes" "$processes"
    fi
}

configure_podman() {
    local settings
    settings=$(podman_settings_needed)
    [[ -n $settings ]] || return 0
    as_root mkdir -p "${podman_settings%/*}"
    printf '# Written by poststack, scripts/ensure-engine.sh: what Podman needs on this machine.\n%s\n' "$settings" |
        as_root tee "$podman_settings" > /dev/null
}

# Without aardvark-dns containers cannot find each other by name. Podman keeps
# to the kind of networks it was first used with; while it has no container, it
# may choose again.
prefer_netavark() {
    local chosen=/var/lib/containers/storage/defaultNetworkBackend
    if as_root grep -qs cni "$chosen" && [[ -z $(as_root podman ps --all --quiet) ]]; then
        as_root rm "$chosen"
    fi
}

# A restart empties /run and the rules of the network, and Podman knows by that
# that none of its containers runs any more. Where its processes were killed, or
# /run outlasts a restart, as in some containers, it takes them for running,
# cannot list them, sends the signals of its name server to whoever has got that
# number since, and their ports lead nowhere. Without a monitor nothing of
# Podman's runs, and all of that goes.
forget_dead_containers() {
    local programs
    programs=$(as_root find /proc -maxdepth 2 -name exe -printf '%l\n' 2> /dev/null || true)
    ! grep -Eq '/(conmon|aardvark-dns)( |$)' <<< "$programs" || return 0
    as_root rm -rf /run/libpod/alive /run/containers/networks/ipam.db /run/containers/networks/aardvark-dns
    # The state of each container at its runtime, by the id that Podman gave it.
    as_root find /run/runc /run/crun -mindepth 1 -maxdepth 1 -regextype egrep -regex '.*/[0-9a-f]{64}' \
        -exec rm -rf {} + 2> /dev/null || true
    local tool rules
    for tool in iptables ip6tables; do
        rules=$(as_root "$tool-save" 2> /dev/null || true)
        [[ $rules != *NETAVARK* ]] || grep -v NETAVARK <<< "$rules" | as_root "$tool-restore"
    done
}

ensure_podman() {
    if ! has podman || [[ ! -x /usr/lib/podman/netavark || ! -x /usr/lib/podman/aardvark-dns ]] || ! has runc || ! has catatonit; then
        # catatonit is what `init: true` puts into a container.
        install_packages podman netavark aardvark-dns runc catatonit iptables ca-certificates curl
        prefer_netavark
    fi
    if answers "$podman_socket"; then
        return
    fi
    if ! answers_root "$podman_socket"; then
        mount_cgroups
        choose_iptables
        configure_podman
        if service_manager_runs; then
            as_root systemctl start podman.socket
        else
            forget_dead_containers
            say "starting Podman's API service, its log is /var/log/podman-service.log"
            as_root mkdir -p "${podman_socket%/*}"
            start_in_background /var/log/podman-service.log podman system service --time=0 "unix://$podman_socket"
        fi
        wait_until_answers "$podman_socket" /var/log/podman-service.log "podman system service"
    fi
    grant "$podman_socket"
}

# --- The base image -------------------------------------------------------------

has_image() {
    api "$1" GET "/v1.40/images/$image/json" > /dev/null
}

pull_image() {
    # Where the registry cannot be reached, the engine may still know a mirror;
    # it gets a few seconds to try.
    local patience=20
    if curl --silent --max-time 5 --output /dev/null https://registry-1.docker.io/v2/; then
        patience=300
    fi
    api "$1" POST "/v1.40/images/create?fromImage=docker.io/library/${image%:*}&tag=${image#*:}" \
        --max-time "$patience" > /dev/null 2>&1 && has_image "$1"
}

# Where this machine gets its packages from, for a repository by its code name.
mirror() { # codename default
    local uri
    # shellcheck disable=SC2016 # apt fills it in
    uri=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $1" 'Created-By: Packages' 2> /dev/null | head -n 1)
    uri=${uri:-$2}
    printf '%s' "${uri%/}"
}

# Debian's slim image in essence, made from Debian's packages: a minimal system
# without documentation, manual pages and translations, which dpkg leaves out
# from then on, too.
build_root_image() {
    local work main security
    has debootstrap || install_packages debootstrap
    main=$(mirror "$suite" http://deb.debian.org/debian)
    security=$(mirror "$suite-security" http://deb.debian.org/debian-security)
    say "making $image from Debian's packages"
    as_root mkdir -p "${root_image%/*}"
    work=$(as_root mktemp -d /var/tmp/poststack-root.XXXXXX)
    as_root chmod 0755 "$work"
    as_root debootstrap --variant=minbase "$suite" "$work" "$main" > /dev/null ||
        fail "debootstrap failed" "its log is $work/debootstrap/debootstrap.log"
    as_root bash -s -- "$work" "$main" "$security" "$suite" << 'SCRIPT'
set -euo pipefail
root=$1 main=$2 security=$3 suite=$4
cd "$root"
cat > etc/dpkg/dpkg.cfg.d/docker << 'FILE'
# Documentation and translations stay out of containers.
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/linda/*
path-exclude /usr/share/lintian/overrides/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
path-exclude /usr/share/man/*
FILE
cat > etc/apt/apt.conf.d/docker-slim << 'FILE'
# No translated descriptions, compressed lists, no second copy of packages.
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
FILE
# What this machine needs to reach its packages, a container on it needs, too.
apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) ' > etc/apt/apt.conf.d/host || true
[[ -s etc/apt/apt.conf.d/host ]] || rm etc/apt/apt.conf.d/host
printf '#!/bin/sh\n# No service is started while an image is built.\nexit 101\n' > usr/sbin/policy-rc.d
chmod 0755 usr/sbin/policy-rc.d
rm -f etc/apt/sources.list etc/resolv.conf etc/hostname
keys=/usr/share/keyrings/debian-archive-keyring.gpg
cat > etc/apt/sources.list.d/debian.sources << FILE
Types: deb
URIs: $main
Suites: $suite $suite-updates
Components: main
Signed-By: $keys

Types: deb
URIs: $security
Suites: $suite-security
Components: main
Signed-By: $keys
FILE
find usr/share/{doc,info,lintian,locale,man} ! -type d ! -name copyright ! -name locale.alias -delete
find usr/share/{doc,info,lintian,locale,man} -mindepth 1 -type d -empty -delete
rm -rf var/lib/apt/lists/* var/cache/apt/* var/log/*.log var/log/apt var/cache/debconf/*-old var/lib/dpkg/*-old
SCRIPT
    as_root tar --create --numeric-owner --directory "$work" --file "$root_image.new" .
    as_root mv "$root_image.new" "$root_image"
    as_root rm -rf "$work"
}

ensure_image() { # socket
    if has_image "$1"; then
        return
    fi
    say "getting $image"
    if pull_image "$1"; then
        return
    fi
    [[ -s $root_image ]] || build_root_image
    # The full name, so that Podman's short names lead to it; with the tag in it,
    # because Podman 4.3 overlooks the parameter of its own.
    api "$1" POST "/v1.40/images/create?fromSrc=-&repo=docker.io/library/$image&changes=CMD%20%5B%22bash%22%5D" \
        --header 'Content-Type: application/x-tar' --upload-file "$root_image" > /dev/null ||
        fail "$1 did not take the image $image"
    has_image "$1" || fail "$1 took the image $image, but does not find it by that name"
}

# Whether the engine can run a container: what a machine lacks shows only then.
check_podman() {
    local id name=poststack-check-$$
    id=$(api "$podman_socket" POST "/v4.0.0/libpod/containers/create" --header 'Content-Type: application/json' \
        --data "{\"name\": \"$name\", \"image\": \"$image\", \"command\": [\"true\"], \"netns\": {\"nsmode\": \"none\"}}" |
        sed -n 's/.*"Id":"\([0-9a-f]*\)".*/\1/p')
    local answer
    answer=$(curl --silent --unix-socket "$podman_socket" --request POST "http://engine/v4.0.0/libpod/containers/$id/start" || true)
    api "$podman_socket" DELETE "/v4.0.0/libpod/containers/$id?force=true&timeout=0" > /dev/null || true
    [[ -z $answer ]] || fail "Podman cannot run a container: $answer" \
        "its settings are in /etc/containers/containers.conf and $podman_settings; after a change, restart the service"
}

# --- What the tests need --------------------------------------------------------

ensure_test_programs() {
    has openssl || install_packages openssl
    # Serves the build contexts that are repositories.
    has git || install_packages git
    # Their completions are tried in the shells themselves.
    has zsh || install_packages zsh
    has fish || install_packages fish
    "${BASH_SOURCE[0]%/*}/docker-compose.sh" > /dev/null ||
        fail "cannot get Docker Compose, which the tests compare poststack with" \
            "${BASH_SOURCE[0]%/*}/docker-compose.sh"
    "${BASH_SOURCE[0]%/*}/quadlet.sh" > /dev/null ||
        fail "cannot get the program that judges Quadlet files" "${BASH_SOURCE[0]%/*}/quadlet.sh"
    python3 -c 'import ensurepip, venv' 2> /dev/null || install_packages python3 python3-venv
    "${BASH_SOURCE[0]%/*}/kubernetes-validate.sh" > /dev/null ||
        fail "cannot get the program that judges Kubernetes objects" \
            "${BASH_SOURCE[0]%/*}/kubernetes-validate.sh"
    if [[ -x /usr/lib/postgresql/15/bin/postgres && -x /usr/bin/psql ]]; then
        return
    fi
    # The programs are wanted, not a server of the system's.
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.d/poststack.conf > /dev/null
    install_packages postgresql-15 postgresql-client-15
}

# --- Which engines --------------------------------------------------------------

# The sockets of engines that a user may have set up already.
usual_sockets() {
    case ${DOCKER_HOST:-} in
        unix://*) printf '%s\n' "${DOCKER_HOST#unix://}" ;;
    esac
    printf '%s\n' "$docker_socket" "$HOME/.docker/run/docker.sock" "$HOME/.docker/desktop/docker.sock"
    if [[ -n ${XDG_RUNTIME_DIR:-} ]]; then
        printf '%s\n' "$XDG_RUNTIME_DIR/docker.sock" "$XDG_RUNTIME_DIR/podman/podman.sock"
    fi
    printf '%s\n' "$podman_socket"
}

ensure_one_engine() {
    local socket
    case ${DOCKER_HOST:-} in
        '' | unix://*) ;;
        *)
            say "using the engine of DOCKER_HOST as it is: $DOCKER_HOST"
            return ;;
    esac
    if has curl; then
        while read -r socket; do
            if answers "$socket"; then
                ensure_image "$socket"
                return
            fi
        done < <(usual_sockets)
    fi
    ensure_docker
    ensure_image "$docker_socket"
}

if $want_podman; then
    ensure_docker
    ensure_image "$docker_socket"
    ensure_podman
    ensure_image "$podman_socket"
    check_podman
else
    ensure_one_engine
fi
if $want_tests; then
    ensure_test_programs
fi
