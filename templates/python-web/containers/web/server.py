"""Answers every request with a row from the database."""

import json
import logging
import os
import signal
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

logging.basicConfig(
    level=os.environ.get("LOG_LEVEL", "info").upper(),
    format="%(levelname)s %(message)s",
)


def query(sql):
    with closing(psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()


def greeting():
    message, database = query(
        "SELECT message, current_database() FROM greetings ORDER BY id LIMIT 1"
    )
    return {
        "message": message,
        "environment": os.environ["ENVIRONMENT"],
        "database": database,
    }


class Handler(BaseHTTPRequestHandler):
    routes = {"/": greeting, "/health": lambda: {"healthy": query("SELECT 1") == (1,)}}

    def do_GET(self):
        route = self.routes.get(self.path)
        if route is None:
            self.answer(404, {"error": "not found"})
            return
        try:
            self.answer(200, route())
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
        # Health checks come every few seconds.
        level = logging.DEBUG if self.path == "/health" else logging.INFO
        logging.log(level, format, *arguments)


if __name__ == "__main__":
    # As process 1 of a container it gets no default action for the signal of a stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.info("listening on port 8080")
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
