#!/bin/sh
# Writes the configuration for this container, then becomes nginx.
set -eu

# nginx asks a name server itself, so that it finds a service that was made anew at another address.
resolver=$(awk '$1 == "nameserver" { print ($2 ~ /:/ ? "[" $2 "]" : $2); exit }' /etc/resolv.conf)
sed "s/@RESOLVER@/$resolver/" /etc/nginx/nginx.conf.template > /tmp/nginx.conf

exec "$@"
