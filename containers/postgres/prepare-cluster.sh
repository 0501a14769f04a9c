#!/usr/bin/env bash
# Run while the image is built: makes a cluster with initdb and packs it for
# docker-entrypoint.sh, which unpacks it on the first start.
#
# Besides the three databases of initdb there is `poststack_prepared`, which the
# first start renames to the application's name. Each database is an archive of
# its own, so that they can be unpacked at the same time.
set -Eeuo pipefail

share=/usr/local/share/poststack
sample=$(pg_config --sharedir)/postgresql.conf.sample
work=$(mktemp -d)

# Through the sample, the settings also reach a cluster made by initdb later.
cat "$share/postgresql.conf" >> "$sample"

chown postgres:postgres "$work"
cd "$work"
setpriv --reuid=postgres --regid=postgres --init-groups \
    initdb --pgdata=cluster --username=postgres --encoding=UTF8 --locale="$LANG" \
        --auth-local=trust --auth-host=scram-sha-256 --no-sync
printf 'CREATE DATABASE poststack_prepared OID 16384;\n' |
    setpriv --reuid=postgres --regid=postgres --init-groups \
        postgres --single -F -D cluster -c exit_on_error=on template1

pack() { # archive directory path...
    local archive=$share/cluster/$1.tar.zst directory=$2
    shift 2
    # --format=gnu and fixed owners keep the archive free of what is not used.
    tar --create --format=gnu --owner=0 --group=0 --directory="$directory" "$@" |
        zstd --quiet -19 -o "$archive"
}

install -d -m 0755 "$share/cluster"
pack template1 cluster/base 1
pack template0 cluster/base 4
pack postgres cluster/base 5
pack prepared cluster/base 16384
# No write-ahead log: the first start writes a new one, with an identifier that
# is this cluster's alone. pg_hba.conf is written then, too.
pack common cluster --exclude='./base/*' --exclude='./pg_wal/0*' \
    --exclude=./pg_hba.conf --exclude=./postmaster.opts .

chmod 0644 "$share"/cluster/*.tar.zst
rm -rf "$work"
ls -l "$share/cluster"
