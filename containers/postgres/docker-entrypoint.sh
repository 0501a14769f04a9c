#!/usr/bin/env bash
# Starts PostgreSQL as the only long-lived process of the container.
#
# The environment contract is the official image's: POSTGRES_USER,
# POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, each also with _FILE,
# POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA and the scripts in
# /docker-entrypoint-initdb.d. POSTSTACK_DURABILITY=off is ours: for data that
# lives in memory.
#
# The first start in an empty directory unpacks the cluster that
# prepare-cluster.sh packed, gives it its names and its password in PostgreSQL's
# single-user mode, where nobody can connect, and becomes the server. Settings
# that the prepared cluster does not have (initdb arguments, another locale) go
# through initdb.
#
# Two files in PGDATA make that safe against being killed at any moment:
#
#   poststack-first-start  written before anything else, removed before the
#                          server opens: what lies here is unfinished and is
#                          made again from nothing. A directory without it is
#                          never emptied.
#   poststack-unflushed    the cluster is in use, but its files may still be in
#                          the memory of the host only. The server does not wait
#                          for them to reach the disk.
set -Eeuo pipefail

readonly share=/usr/local/share/poststack
readonly scripts=/docker-entrypoint-initdb.d
readonly prepared_locale=en_US.utf8
readonly prepared_database=poststack_prepared

say() {
    printf 'poststack: %s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

# VAR, or the content of the file named by VAR_FILE, or a default.
read_setting() {
    local name=$1 default=${2:-} file_name=${1}_FILE
    local value=${!name:-} file=${!file_name:-}
    if [[ -n $value && -n $file ]]; then
        fail "both $name and $file_name are set; set one of them"
    fi
    if [[ -n $file ]]; then
        [[ -r $file ]] || fail "$file_name: cannot read '$file'"
        value=$(< "$file")
    fi
    export "$name=${value:-$default}"
    unset "$file_name"
}

read_settings() {
    read_setting POSTGRES_PASSWORD
    read_setting POSTGRES_USER postgres
    read_setting POSTGRES_DB "$POSTGRES_USER"
    read_setting POSTGRES_INITDB_ARGS
    export POSTGRES_HOST_AUTH_METHOD=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
}

check_settings() {
    # Lengths in bytes.
    local name value LC_ALL=C
    for name in POSTGRES_USER POSTGRES_DB; do
        [[ ${!name} != *[[:cntrl:]]* ]] || fail "$name must not contain control characters"
        # PostgreSQL would cut a longer name without an error.
        value=${!name}
        ((${#value} <= 63)) || fail "$name is longer than 63 bytes"
    done
    [[ $POSTGRES_USER != pg_* ]] || fail "POSTGRES_USER: names that begin with 'pg_' are reserved"
    [[ $POSTGRES_HOST_AUTH_METHOD =~ ^[a-z0-9-]+$ ]] ||
        fail "POSTGRES_HOST_AUTH_METHOD is not an authentication method: $POSTGRES_HOST_AUTH_METHOD"
    if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
        say "the database has no superuser password"
        say "set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) to a value that is not empty,"
        say "for example: docker run -e POSTGRES_PASSWORD=... poststack/postgres:$PG_MAJOR"
        exit 1
    fi
    if [[ $POSTGRES_HOST_AUTH_METHOD == trust ]]; then
        say "warning: POSTGRES_HOST_AUTH_METHOD=trust lets anyone who reaches the port in without a password"
    fi
}

# --- The directory ----------------------------------------------------------

# As root: what the server's own user cannot do.
prepare_directories() {
    local directory path
    for directory in "$PGDATA" "${POSTGRES_INITDB_WALDIR:-}"; do
        [[ -n $directory ]] || continue
        mkdir -p "$directory"
        # Both are looked at because a restored backup may be root's while the
        # directory is not. A file system may refuse; the server then says why.
        for path in "$directory" "$directory/PG_VERSION"; do
            if [[ -e $path && $(stat -c %U "$path") != postgres ]]; then
                find "$directory" ! -user postgres -exec chown postgres:postgres {} + || true
            fi
        done
        chmod 0700 "$directory" || true
    done
    # A read-only container has a file system of its own there.
    if [[ $(stat -c %U /var/run/postgresql 2> /dev/null) != postgres ]]; then
        install -d -o postgres -g postgres -m 3777 /var/run/postgresql
    fi
}

# A volume that is a file system of its own may hold lost+found.
empty() {
    find "$1" -mindepth 1 -maxdepth 1 ! -name poststack-first-start ! -name lost+found -exec rm -rf {} +
}

# Whether there is a first start to do; leaves PGDATA empty but for its marker.
needs_first_start() {
    mkdir -p "$PGDATA" || fail "cannot create $PGDATA"
    if [[ -e $PGDATA/poststack-first-start ]]; then
        say "the first start was interrupted; beginning again"
        empty "$PGDATA" || fail "cannot empty $PGDATA"
        [[ -z ${POSTGRES_INITDB_WALDIR:-} ]] || empty "$POSTGRES_INITDB_WALDIR" ||
            fail "cannot empty $POSTGRES_INITDB_WALDIR"
        return 0
    fi
    [[ ! -s $PGDATA/PG_VERSION ]] || return 1
    if [[ -n $(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit) ]]; then
        fail "$PGDATA is neither empty nor a PostgreSQL data directory; it was left as it is"
    fi
}

# --- The cluster --------------------------------------------------------------

# Whether initdb would make just what was prepared.
prepared_cluster_fits() {
    [[ -z $POSTGRES_INITDB_ARGS && -z ${POSTGRES_INITDB_WALDIR:-} ]] || return 1
    [[ ${LC_ALL:-$LANG} == "$prepared_locale" ]] || return 1
    local name
    for name in LC_COLLATE LC_CTYPE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME; do
        [[ ${LC_ALL:-${!name:-$prepared_locale}} == "$prepared_locale" ]] || return 1
    done
}

unpack() { # part directory
    # --touch saves setting the time of every file.
    zstd --quiet --decompress --stdout "$share/cluster/$1.tar.zst" |
        tar --extract --touch --directory="$2"
}

# Every cluster has an identifier of its own, as initdb gives it: log files and
# standbys of two clusters must not be mistaken for each other. pg_resetwal
# repairs the checksum and writes the first log file.
new_identifier() {
    local identifier bytes='' output i
    identifier=$(((EPOCHSECONDS << 32) | SRANDOM))
    for i in 0 8 16 24 32 40 48 56; do
        printf -v bytes '%s\\x%02x' "$bytes" $(((identifier >> i) & 255))
    done
    # Not through a pipe: the shell writes what holds a line feed in two pieces,
    # and who reads one block is gone before the second.
    printf '%b' "$bytes" 1<> "$PGDATA/global/pg_control"
    output=$(pg_resetwal --force --pgdata="$PGDATA" 2>&1) || fail "$output"
}

unpack_cluster() {
    local part job jobs=()
    # Creating a thousand files is most of what the first start costs, and goes
    # faster from several sides.
    mkdir "$PGDATA/base"
    for part in prepared postgres template1 template0; do
        unpack "$part" "$PGDATA/base" &
        jobs+=("$!")
    done
    unpack common "$PGDATA"
    new_identifier
    # initdb takes the time zone from the environment.
    if [[ ${TZ:-} =~ ^[A-Za-z0-9_+/-]+$ && -f /usr/share/zoneinfo/$TZ ]]; then
        printf "timezone = '%s'\nlog_timezone = '%s'\n" "$TZ" "$TZ" >> "$PGDATA/postgresql.conf"
    fi
    for job in "${jobs[@]}"; do
        wait "$job"
    done
}

run_initdb() {
    # shellcheck disable=SC2034 # eval uses it
    local waldir=${POSTGRES_INITDB_WALDIR:-}
    # initdb wants an empty directory, and the marker is in this one. As in the
    # official image, POSTGRES_INITDB_ARGS is a piece of shell, quotes and all.
    # shellcheck disable=SC2016
    eval 'initdb --pgdata="$PGDATA/new" --username=postgres --auth-local=trust --auth-host=scram-sha-256 ${waldir:+"--waldir=$waldir"} '"$POSTGRES_INITDB_ARGS" >&2
    find "$PGDATA/new" -mindepth 1 -maxdepth 1 -exec mv -t "$PGDATA" {} +
    rmdir "$PGDATA/new"
}

# --- Names and password ---------------------------------------------------------

# An SQL expression for a text, safe for every byte and for every quoting rule.
sql_text() {
    printf "convert_from(decode('%s', 'hex'), 'UTF8')" "$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')"
}

sql_name() {
    printf '"%s"' "${1//\"/\"\"}"
}

# The statements that turn a cluster of initdb, or the prepared one, into the
# one that was asked for. A statement ends with a semicolon and an empty line.
provisioning_sql() {
    case $1:$POSTGRES_DB in
        prepared:postgres | prepared:template[01])
            printf 'DROP DATABASE %s;\n\n' "$prepared_database" ;;
        prepared:*)
            printf 'ALTER DATABASE %s RENAME TO %s;\n\n' "$prepared_database" "$(sql_name "$POSTGRES_DB")" ;;
        initdb:postgres | initdb:template[01]) ;;
        initdb:*)
            printf 'CREATE DATABASE %s;\n\n' "$(sql_name "$POSTGRES_DB")" ;;
    esac
    # ALTER ROLE does not rename the session's own role, and in single-user mode
    # there is no other.
    cat << SQL
DO \$provision\$
DECLARE
    password text := $(sql_text "$POSTGRES_PASSWORD");
BEGIN
    IF password <> '' THEN
        EXECUTE format('ALTER ROLE postgres PASSWORD %L', password);
    END IF;
    UPDATE pg_catalog.pg_authid SET rolname = $(sql_text "$POSTGRES_USER")
        WHERE rolname = 'postgres' AND rolname <> $(sql_text "$POSTGRES_USER");
END
\$provision\$;

SQL
}

# The password goes in through a pipe. The settings keep it out of the log
# should a statement fail, and make the first error the last.
provision() {
    provisioning_sql "$1" |
        postgres --single -F -j -D "$PGDATA" \
            -c exit_on_error=on -c log_checkpoints=off \
            -c log_min_error_statement=panic -c log_error_verbosity=terse \
            -c shared_buffers=2MB template1 > /dev/null
    sed "s/@METHOD@/$POSTGRES_HOST_AUTH_METHOD/" "$share/pg_hba.conf" > "$PGDATA/pg_hba.conf"
}

# --- /docker-entrypoint-initdb.d ------------------------------------------------

process_sql() {
    psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 \
        --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" "$@"
}

run_script() {
    case $1 in
        *.sh)
            if [[ -x $1 ]]; then
                say "running $1"
                "$1"
            else
                say "sourcing $1"
                # shellcheck source=/dev/null
                . "$1"
            fi ;;
        *.sql)
            say "running $1"
            process_sql --file="$1" ;;
        *.sql.gz)
            say "running $1"
            gunzip --stdout "$1" | process_sql ;;
        *.sql.xz)
            say "running $1"
            xz --decompress --stdout "$1" | process_sql ;;
        *.sql.zst)
            say "running $1"
            zstd --quiet --decompress --stdout "$1" | process_sql ;;
        *)
            say "ignoring $1" ;;
    esac
}

# The scripts meet a server that listens on the local socket only.
run_scripts() {
    local script
    compgen -G "$scripts/*" > /dev/null || return 0
    # A script sees what the official image shows it.
    unset PGHOST PGHOSTADDR
    pg_ctl --pgdata="$PGDATA" --wait --silent \
        --options="$(printf '%q ' "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}")" start
    for script in "$scripts"/*; do
        run_script "$script"
    done
    pg_ctl --pgdata="$PGDATA" --wait --silent --mode=fast stop
}

# --- The first start ----------------------------------------------------------

# A container may run as any user; initdb and the single-user mode want to know
# its name.
name_this_user() {
    ! getent passwd "$EUID" > /dev/null || return 0
    local library
    for library in /usr/lib/*/libnss_wrapper.so; do
        NSS_WRAPPER_PASSWD=$(mktemp)
        NSS_WRAPPER_GROUP=$(mktemp)
        printf 'postgres:x:%s:%s::%s:/bin/false\n' "$EUID" "$(id -g)" "$PGDATA" > "$NSS_WRAPPER_PASSWD"
        printf 'postgres:x:%s:\n' "$(id -g)" > "$NSS_WRAPPER_GROUP"
        export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD=$library
    done
}

first_start() {
    local kind=initdb
    umask 077
    chmod 0700 "$PGDATA" || true
    printf 'The first start of this data directory is not finished. It will be made again.\n' \
        > "$PGDATA/poststack-first-start"
    name_this_user
    if prepared_cluster_fits; then
        kind=prepared
        unpack_cluster
    else
        run_initdb
    fi
    provision "$kind"
    run_scripts "$@"
    printf 'The files of this data directory are still to be flushed to disk.\n' > "$PGDATA/poststack-unflushed"
    rm "$PGDATA/poststack-first-start"
}

# Beside the server, as its child: it must end with 0 or 1, since the server
# takes any other end of a child for a crash.
flush() {
    if [[ ${POSTSTACK_DURABILITY:-on} != off ]]; then
        # initdb also reports every file that the server has removed meanwhile,
        # hence the silence; an error of the disk ends it.
        initdb --sync-only --pgdata="$PGDATA" > /dev/null 2>&1 || fail "the data could not be flushed to disk"
    fi
    rm -f "$PGDATA/poststack-unflushed" || exit 1
}

# --- Main -----------------------------------------------------------------------

# Whether the arguments start a server, not a question to the program.
wants_server() {
    local argument
    [[ ${1:-} == postgres ]] || return 1
    for argument in "${@:2}"; do
        case $argument in
            -'?' | --help | --describe-config | -V | --version | -C) return 1 ;;
        esac
    done
}

main() {
    if [[ ${1:-} == -* ]]; then
        set -- postgres "$@"
    fi
    if ! wants_server "$@"; then
        exec "$@"
    fi
    if ((EUID == 0)); then
        prepare_directories
        export HOME=/var/lib/postgresql
        exec setpriv --reuid=postgres --regid=postgres --init-groups -- "${BASH_SOURCE[0]}" "$@"
    fi

    if needs_first_start; then
        read_settings
        check_settings
        # The first process of a container gets no signal it does not ask for. A
        # shell answers only when it waits, so the work is done beside it.
        trap 'exit 130' INT
        trap 'exit 143' TERM
        first_start "$@" &
        wait "$!"
        trap - INT TERM
    fi
    if [[ -e $PGDATA/poststack-unflushed ]]; then
        flush &
    fi
    if [[ ${POSTSTACK_DURABILITY:-on} == off ]]; then
        set -- "$1" -c fsync=off -c synchronous_commit=off -c full_page_writes=off "${@:2}"
    fi
    # The server needs none of them, and its children show their environment.
    unset POSTGRES_PASSWORD POSTGRES_PASSWORD_FILE
    exec "$@"
}

main "$@"
