"""Takes jobs from a table, one after the other. Several workers share the table without waiting."""

import logging
import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2

# Touched on every round, for the health test in deploy/app-compose.yml.
ALIVE = Path("/tmp/alive")
PAUSE = 1.0

# A row that another worker holds is skipped. The row is locked until the transaction ends, so a job
# whose worker dies is open again.
TAKE = """
    SELECT id, task FROM jobs WHERE done_at IS NULL
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

logging.basicConfig(
    level=os.environ.get("LOG_LEVEL", "info").upper(),
    format="%(levelname)s %(message)s",
)


def work(task):
    """Put your own work here; a job that raises an error stays open."""
    logging.info("working: %s", task)


def take_one(connection):
    """Whether there was a job."""
    with connection, connection.cursor() as cursor:
        cursor.execute(TAKE)
        job = cursor.fetchone()
        if job is None:
            return False
        number, task = job
        work(task)
        cursor.execute("UPDATE jobs SET done_at = now() WHERE id = %s", (number,))
        logging.info("job %s is done", number)
        return True


def take_all():
    with closing(psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)) as connection:
        while True:
            ALIVE.touch()
            if not take_one(connection):
                time.sleep(PAUSE)


if __name__ == "__main__":
    # As process 1 of a container it gets no default action for the signal of a stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            take_all()
        except Exception:
            logging.exception("trying again")
            time.sleep(PAUSE)
