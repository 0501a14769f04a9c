"""Takes jobs and tells of them.

POST /jobs        the body is the job; answers with its number
GET  /jobs/<id>   the job and, when it is done, its result
GET  /health      whether the database answers through the pool
"""

import json
import logging
import os
import signal
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

logging.basicConfig(
    level=os.environ["LOG_LEVEL"].upper(), format="%(levelname)s %(message)s"
)

LONGEST_JOB = 10_000


def query(sql, arguments=()):
    """The first row. A connection per request is cheap: the pool keeps those to the database."""
    with closing(psycopg2.connect(os.environ["POOL_URL"], connect_timeout=3)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return cursor.fetchone()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            self.respond(lambda: (200, {"healthy": query("SELECT 1") == (1,)}))
            return
        prefix, _, number = self.path.rpartition("/")
        if prefix == "/jobs" and number.isascii() and number.isdigit() and len(number) < 19:
            self.respond(lambda: job(int(number)))
        else:
            self.answer(404, {"error": "not found"})

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if self.path != "/jobs":
            self.answer(404, {"error": "not found"})
        elif not length.isdigit() or not 0 < int(length) <= LONGEST_JOB:
            self.answer(400, {"error": f"a job has 1 to {LONGEST_JOB} bytes"})
        else:
            text = self.rfile.read(int(length)).decode(errors="replace").replace("\0", "")
            self.respond(lambda: (202, {"id": new_job(text)}))

    def respond(self, work):
        try:
            self.answer(*work())
        except psycopg2.Error as error:
            logging.error("database: %s", error)
            self.answer(503, {"error": "the database does not answer"})

    def answer(self, status, body):
        data = (json.dumps(body) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *arguments):
        # Health tests come every second.
        level = logging.DEBUG if self.path == "/health" else logging.INFO
        logging.log(level, format, *arguments)


def new_job(text):
    return query("INSERT INTO jobs (input) VALUES (%s) RETURNING id", (text,))[0]


def job(number):
    row = query("SELECT input, output, done_at IS NOT NULL FROM jobs WHERE id = %s", (number,))
    if row is None:
        return 404, {"error": "no such job"}
    return 200, {"id": number, "input": row[0], "output": row[1], "done": row[2]}


class Server(ThreadingHTTPServer):
    # Requests that are under way are answered before the process ends.
    daemon_threads = False


if __name__ == "__main__":
    server = Server(("", 8080), Handler)
    # As process 1 of a container it gets no default action for the signal of a stop. `shutdown`
    # waits for the loop below, so it cannot be called in it.
    stop = lambda *_: threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    logging.info("listening on port 8080")
    server.serve_forever()
    server.server_close()
    logging.info("stopped")
