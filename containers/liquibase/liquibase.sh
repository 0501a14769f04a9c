#!/bin/sh
# Liquibase without the launcher of its distribution: Java is process 1 and gets
# the signals. A run is short, so what speeds up long ones is off.
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${JAVA_OPTS-} \
    -cp '/opt/liquibase/*:/usr/share/java/postgresql.jar' \
    liquibase.integration.commandline.LiquibaseCommandLine "$@"
