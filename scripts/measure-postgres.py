#!/usr/bin/env python3
"""Measure how long the PostgreSQL image takes to its first login.

Side by side on one engine: the image as it is, the same image forced through
initdb in the order of the official image's entrypoint, an existing volume, a
stop, and data in memory. A time runs from the request that creates the
container to the first successful password login over the published port on
127.0.0.1, tried every 5 ms; a stop from its request to its answer.

The engine is spoken to as poststack does, through its API socket. Nothing but
Python's standard library is used.

usage: measure-postgres.py [--runs N] [--image IMAGE] [--json] [SOCKET ...]

SOCKET defaults to those of Docker and Podman that answer.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import socket
import statistics
import struct
import sys
import time

SOCKETS = ["/run/docker.sock", "/run/podman/podman.sock"]
DATA = "/var/lib/postgresql/data"
USER, DATABASE, PASSWORD = "measure_user", "measure", secrets.token_hex(16)
LABEL = {"io.poststack.measure": "true"}

# What the official image's entrypoint does, in its order: initdb, a server on
# the local socket, the database, a stop, the server.
INITDB_ORDER = r"""
set -e
chown postgres "$PGDATA"; chmod 700 "$PGDATA"
cat > /tmp/initdb-order <<'SCRIPT'
set -e
export PATH=/usr/lib/postgresql/$PG_MAJOR/bin:$PATH
(umask 077; printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password)
initdb --username="$POSTGRES_USER" --pwfile=/tmp/password > /dev/null
printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
pg_ctl -w -s -o "-c listen_addresses=''" -l /tmp/log start
psql -q --no-psqlrc -U "$POSTGRES_USER" -d postgres -c "CREATE DATABASE $POSTGRES_DB"
pg_ctl -w -s -m fast stop
exec postgres
SCRIPT
exec setpriv --reuid=postgres --regid=postgres --init-groups bash /tmp/initdb-order
"""


class Engine:
    """The few calls of the Docker API that are needed; Podman speaks it, too."""

    def __init__(self, path):
        self.path = path
        self.connection = http.client.HTTPConnection("localhost", timeout=60)
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(path)
        self.name = "podman" if "Libpod" in (self.call("GET", "/_ping")[1] or "") else "docker"

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = json.dumps(body) if body is not None else None
        if self.connection.sock is None:
            self.connection.sock = socket.socket(socket.AF_UNIX)
            self.connection.sock.connect(self.path)
        self.connection.request(method, "/v1.41" + path if path != "/_ping" else path, data, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            sys.exit(f"{self.path}: {method} {path}: {answer.status} {text.decode()}")
        return (json.loads(text) if text[:1] in b"{[" and text else None), answer.getheader("Server")

    def create(self, name, image, volume, port, durable=True, initdb=False):
        environment = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": DATABASE}
        host = {"PortBindings": {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}}
        if volume:
            host["Mounts"] = [{"Type": "volume", "Source": volume, "Target": DATA}]
        else:
            host["Tmpfs"] = {DATA: "rw"}
        if not durable:
            environment["POSTSTACK_DURABILITY"] = "off"
        body = {
            "Image": image,
            "Labels": LABEL,
            "Env": [f"{key}={value}" for key, value in environment.items()],
            "ExposedPorts": {"5432/tcp": {}},
            "HostConfig": host,
        }
        if initdb:
            body["Entrypoint"] = ["bash", "-c", INITDB_ORDER]
        self.call("POST", f"/containers/create?name={name}", body)

    def start(self, name):
        self.call("POST", f"/containers/{name}/start")

    def stop(self, name):
        self.call("POST", f"/containers/{name}/stop?t=30")

    def remove(self, name):
        self.call("DELETE", f"/containers/{name}?force=true&v=true")


def login(port, password=PASSWORD):
    """Whether one SCRAM-SHA-256 login over TCP succeeds (RFC 5802, RFC 7677)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return scram(connection, password)
    except (OSError, EOFError):
        return False


def scram(connection, password):
    stream = connection.makefile("rb")

    def receive():
        header = stream.read(5)
        if len(header) < 5:
            raise EOFError
        kind, length = struct.unpack("!ci", header)
        return kind, stream.read(length - 4)

    def send(kind, payload):
        connection.sendall(kind + struct.pack("!i", len(payload) + 4) + payload)

    send(b"", struct.pack("!i", 196608) + f"user\0{USER}\0database\0{DATABASE}\0\0".encode())
    kind, message = receive()
    if kind != b"R" or message[:4] != struct.pack("!i", 10):
        return False
    nonce = base64.b64encode(secrets.token_bytes(18)).decode()
    first_bare = f"n=,r={nonce}"
    first = f"n,,{first_bare}".encode()
    send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
    kind, message = receive()
    if kind != b"R":
        return False
    server_first = message[4:].decode()
    fields = dict(field.split("=", 1) for field in server_first.split(","))
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
    )
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    final = f"c=biws,r={fields['r']}"
    signed = f"{first_bare},{server_first},{final}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    send(b"p", f"{final},p={base64.b64encode(proof).decode()}".encode())
    while True:
        kind, _ = receive()
        if kind == b"E":
            return False
        if kind == b"Z":
            send(b"X", b"")
            return True


def wait_for_login(port):
    deadline = time.monotonic() + 60
    while not login(port):
        if time.monotonic() > deadline:
            sys.exit("no login within 60 s")
        time.sleep(0.005)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def seconds(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def measure(engine, image):
    """One run of each kind, in seconds."""
    times = {}

    def run(kind, **options):
        name, port = f"poststack-measure-{kind}-{os.getpid()}", free_port()

        def to_login():
            engine.create(name, image, port=port, **options)
            engine.start(name)
            wait_for_login(port)

        times[kind] = seconds(to_login)
        return name, port

    for kind, initdb in (("initdb", True), ("fresh", False)):
        volume = f"poststack-measure-{kind}-{os.getpid()}"
        engine.call("POST", "/volumes/create", {"Name": volume, "Labels": LABEL})
        name, port = run(kind, volume=volume, initdb=initdb)
        if kind == "fresh":
            # What runs beside the server at first shall not disturb the rest.
            time.sleep(0.5)
            times["stop"] = seconds(lambda: engine.stop(name))

            def again():
                engine.start(name)
                wait_for_login(port)

            times["existing"] = seconds(again)
        engine.remove(name)
        engine.call("DELETE", f"/volumes/{volume}")
    name, _ = run("tmpfs", volume=None, durable=False)
    engine.remove(name)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--image", default="poststack/postgres:15")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("sockets", nargs="*", metavar="SOCKET")
    options = parser.parse_args()

    report = {}
    for path in options.sockets or [path for path in SOCKETS if os.path.exists(path)]:
        engine = Engine(path)
        runs = [measure(engine, options.image) for _ in range(options.runs)]
        report[engine.name] = {kind: sorted(run[kind] for run in runs) for kind in runs[0]}

    if options.json:
        json.dump({"v": 1, "runs": options.runs, "seconds": report}, sys.stdout, indent=2)
        print()
        return
    print(f"seconds, median (least to most) of {options.runs} runs, {options.image}")
    labels = {
        "initdb": "fresh volume, initdb in the official order",
        "fresh": "fresh volume",
        "existing": "existing volume",
        "stop": "stop",
        "tmpfs": "data in memory, durability off",
    }
    for name, kinds in report.items():
        print(f"\n{name}")
        for kind, label in labels.items():
            all_runs = kinds[kind]
            print(f"  {label:<44} {statistics.median(all_runs):.3f}  ({all_runs[0]:.3f} to {all_runs[-1]:.3f})")
        ratio = statistics.median(kinds["fresh"]) / statistics.median(kinds["initdb"])
        print(f"  {'fresh volume / initdb':<44} {ratio:.2f}")


if __name__ == "__main__":
    main()
