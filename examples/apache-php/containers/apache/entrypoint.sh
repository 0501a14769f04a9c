#!/bin/bash
# Makes the site of its template, then becomes Apache, which gets the signals of a stop.
set -euo pipefail

# Only this one is filled in: Apache has ${…} of its own, and a password must not become a part of
# its configuration. The site passes DB_… on to PHP.
export LOG_LEVEL="${LOG_LEVEL:-warn}"
site=/etc/apache2/sites-available/guestbook.conf
envsubst '${LOG_LEVEL}' < "$site.template" > "$site"
a2ensite --quiet guestbook

# APACHE_RUN_USER and others, which Debian's configuration expects.
set +u
. /etc/apache2/envvars

exec "$@"
