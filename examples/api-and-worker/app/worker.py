"""Does jobs, one after the other, until it is told to stop.

A job is taken with FOR UPDATE SKIP LOCKED, so that several workers never do the same one, and is
done in the transaction that took it: where a worker dies, the job is free again.
"""

import logging
import os
import pathlib
import select
import signal
from contextlib import closing

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

logging.basicConfig(
    level=os.environ["LOG_LEVEL"].upper(), format="%(levelname)s %(message)s"
)

# Looks for jobs at least this often, in seconds: a notification is lost while nobody listens.
PATIENCE = 10
ALIVE = pathlib.Path("/tmp/alive")


class Stop:
    """Whether the signal of a stop came; a pipe, because one can wait for it."""

    def __init__(self):
        self.reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        # As process 1 of a container it gets no default action for the signal.
        signal.signal(signal.SIGTERM, self.set)
        self.asked = False

    def set(self, *_):
        self.asked = True


def work(text):
    """What a job is: here a title in capitals with the number of its letters."""
    return f"{text.upper()} ({sum(map(str.isalpha, text))} letters)"


def do_one():
    """Does the oldest open job that no other worker has; false when there is none."""
    with closing(psycopg2.connect(os.environ["POOL_URL"], connect_timeout=3)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, input FROM jobs WHERE done_at IS NULL"
                " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
            )
            row = cursor.fetchone()
            if row is None:
                return False
            number, text = row
            cursor.execute(
                "UPDATE jobs SET output = %s, done_at = now() WHERE id = %s",
                (work(text), number),
            )
    logging.info("job %s is done", number)
    return True


def serve(stop):
    """Works until there is nothing to do, then waits for a notification."""
    with closing(psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)) as listener:
        listener.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        with listener.cursor() as cursor:
            cursor.execute("LISTEN jobs")
        while not stop.asked:
            ALIVE.touch()
            if do_one():
                continue
            select.select([listener, stop.reader], [], [], PATIENCE)
            listener.poll()
            listener.notifies.clear()


def main():
    stop = Stop()
    logging.info("waiting for jobs")
    while not stop.asked:
        try:
            serve(stop)
        except psycopg2.Error as error:
            logging.error("database: %s", error)
            select.select([stop.reader], [], [], 1)
    logging.info("stopped")


if __name__ == "__main__":
    main()
