"""Shows which environment this is and what its settings are."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DATABASE = urlsplit(os.environ["DATABASE_URL"])
SETTINGS = {
    "environment": os.environ["ENVIRONMENT"],
    "log_level": os.environ["LOG_LEVEL"],
    "cache_ttl": int(os.environ["CACHE_TTL"]),
    "database": f"{DATABASE.hostname}:{DATABASE.port}{DATABASE.path}",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        data = (json.dumps(SETTINGS) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    # As process 1 of a container it gets no default action for the signal of a stop.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
