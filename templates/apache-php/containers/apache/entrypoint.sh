#!/bin/bash
# Fills the variables of the environment into the configuration templates, then becomes Apache.
set -euo pipefail

: "${SERVER_NAME:=localhost}" "${LOG_LEVEL:=warn}"
export SERVER_NAME LOG_LEVEL

# Only these are filled in: Apache has ${…} of its own, and a password must not become a part of its
# configuration. The site passes DB_… on to PHP itself.
fill() {
    envsubst '${SERVER_NAME} ${LOG_LEVEL}' < "$1" > "${1%.template}"
}

fill /etc/apache2/apache2.conf.template
for template in /etc/apache2/sites-available/*.template; do
    fill "$template"
    site=${template%.template}
    a2ensite --quiet "$(basename "$site" .conf)"
done

# Debian's APACHE_RUN_USER and the like.
set +u
# shellcheck source=/dev/null
. /etc/apache2/envvars

exec "$@"
