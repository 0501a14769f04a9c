#!/usr/bin/env python3
"""Measure poststack beside Docker Compose, on one engine in one run.

Both bring up the same project from the same Compose files: the same database
image, an init container whose psql applies ten SQL files, and a web service
with a health test every second. A third contender is poststack with its own
`- migrations:` in place of the init container. Every round brings each
contender up from nothing (no container, network, volume or .poststack/;
images are there), repeats the start with nothing to do, and stops it. The
contenders take turns, so that a busy machine is busy for all; what counts are
medians and ratios of one run, not seconds of different ones.

Where Podman answers, poststack is measured there too, and
measure-postgres.py measures the database image alone.

Wall time is CLOCK_MONOTONIC around the process. Peak memory is VmHWM of
/proc/PID/status, read every 2 ms through a start whose time does not count:
what wait4(2) tells includes the copy of this script that a process begins as.

Prints Markdown, and writes everything measured to target/bench/results.json.
Misses are shown, not failed: the exit code is 0 unless something cannot be
measured.

usage: bench.py --poststack PROGRAM [--compose PROGRAM] [--runs N]
                [--no-podman] [--no-database]
"""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from statistics import median

DOCKER = "/run/docker.sock"
PODMAN = "/run/podman/podman.sock"
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "bench-password"
MIGRATIONS = 10
SERVICES_OF_STATUS = 9

# Read unchanged by both: Compose takes the variables from its environment,
# poststack has them built in.
INIT_COMPOSE = """\
services:
  migrate:
    image: poststack/postgres:15
    environment:
      PGHOST: ${DB_HOST}
      PGPORT: ${DB_PORT}
      PGDATABASE: ${DB_NAME}
      PGUSER: ${DB_USER}
      PGPASSWORD: ${DB_PASSWORD}
    volumes:
      - ./migrations:/migrations:ro
    command:
      - bash
      - -c
      - cat /migrations/*.sql | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1
"""

APP_COMPOSE = """\
services:
  web:
    image: poststack/base-debian:latest
    environment:
      DATABASE_URL: postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/${DB_NAME}
    command: [python3, -m, http.server, "8080"]
    stop_signal: SIGINT
    ports:
      - "127.0.0.1:${WEB_PORT}:8080"
    healthcheck:
      test: [CMD, curl, --fail, --silent, --output, /dev/null, "http://127.0.0.1:8080/"]
      interval: 1s
      timeout: 2s
      retries: 20
"""

# What only Compose has to be told: the database, and what waits for what.
COMPOSE_ONLY = """\
services:
  db:
    image: poststack/postgres:15
    environment:
      POSTGRES_USER: ${DB_USER}
      POSTGRES_PASSWORD: ${DB_PASSWORD}
      POSTGRES_DB: ${DB_NAME}
    ports:
      - "127.0.0.1:${HOST_PORT}:5432"
    volumes:
      - pgdata:/var/lib/postgresql/data
    healthcheck:
      test: [CMD, pg_isready, --quiet, --host=127.0.0.1]
      interval: 1s
      retries: 60
  migrate:
    depends_on:
      db: { condition: service_healthy }
  web:
    depends_on:
      migrate: { condition: service_completed_successfully }
volumes:
  pgdata:
"""

STATUS_COMPOSE = "services:\n" + "".join(
    f"  sleeper{number}:\n"
    "    image: poststack/base-debian:core\n"
    "    command: [sleep, infinity]\n"
    "    init: true\n"
    for number in range(SERVICES_OF_STATUS)
)


def settings(project, port, init, tmpfs, deployment="app-compose.yml"):
    """The `.poststack.yml` of one project."""
    storage = "      storage: tmpfs\n" if tmpfs else ""
    init = f"    init:\n      - {init}\n" if init else ""
    return (
        f"project:\n  name: {project}\n"
        "environments:\n  dev:\n    postgres:\n"
        f"      database: bench\n      user: bench\n      port: {port}\n"
        "      password: auto_generated\n"
        f"{storage}{init}"
        f"    deployment:\n      compose: {deployment}\n"
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def log(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    """Something cannot be measured."""


class Engine:
    """The calls that count and remove what a project left."""

    def __init__(self, path):
        self.path = path
        _, server = self.call("GET", "/_ping")
        self.name = "Podman" if "Libpod" in server else "Docker"

    def call(self, method, target):
        connection = http.client.HTTPConnection("engine", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 400 and answer.status not in (404, 409):
            raise Failed(f"{method} {target}: {answer.status} {text.decode()}")
        data = json.loads(text) if text[:1] in (b"{", b"[") else None
        return data, answer.getheader("Server", "")

    def version(self):
        return self.call("GET", "/version")[0]["Version"]

    def listed(self, kind, project):
        label = f"com.docker.compose.project={project}"
        query = {"filters": json.dumps({"label": [label]}), "all": "true"}
        data, _ = self.call("GET", f"/{kind}?{urllib.parse.urlencode(query)}")
        return data or []

    def containers(self, project):
        return self.listed("containers/json", project)

    def remove_all(self, project):
        for container in self.containers(project):
            self.call("DELETE", f"/containers/{container['Id']}?force=true&v=true")
        for network in self.listed("networks", project):
            self.call("DELETE", f"/networks/{network.get('Id') or network['Name']}")
        for volume in (self.listed("volumes", project) or {}).get("Volumes") or []:
            self.call("DELETE", f"/volumes/{volume['Name']}?force=true")


class Measured:
    """Wall seconds and the output of one process; `watch` for its peak bytes as well."""

    def __init__(self, arguments, environment, directory, watch=False):
        with tempfile.TemporaryFile() as output:
            began = time.monotonic()
            process = subprocess.Popen(
                [str(argument) for argument in arguments],
                env=environment,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self.bytes = peak_memory(process) if watch else 0
            process.wait()
            self.seconds = time.monotonic() - began
            output.seek(0)
            self.output = output.read().decode(errors="replace")
        if process.returncode != 0:
            line = " ".join(map(str, arguments))
            raise Failed(f"`{line}` ended with {process.returncode}:\n{self.output}")


def peak_memory(process):
    """Bytes; waits until the process ends."""
    peak, program = 0, os.path.realpath(process.args[0])
    while process.poll() is None:
        try:
            if os.readlink(f"/proc/{process.pid}/exe") == program:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
                peak = max([peak, *(int(words[1]) * 1024 for words in lines)])
        except OSError:
            break
        time.sleep(0.002)
    return peak


class Poststack:
    """One project of poststack."""

    def __init__(self, title, program, engine, folder, init, tmpfs=False):
        self.title, self.program, self.engine, self.folder = title, program, engine, folder
        self.name = "bench-" + folder.name
        self.project = self.name + "-dev"
        self.environment = {**os.environ, "WEB_PORT": str(free_port()), "NO_COLOR": "1"}
        folder.mkdir()
        write_files(folder)
        text = settings(self.name, free_port(), init, tmpfs)
        (folder / ".poststack.yml").write_text(text)

    def run(self, *arguments, watch=False):
        command = [self.program, "--host", f"unix://{self.engine.path}", *arguments]
        return Measured(command, self.environment, self.folder, watch)

    def start(self, watch=False):
        return self.run("env", "start", "dev", watch=watch)

    def stop(self):
        return self.run("env", "stop", "dev")

    def clean(self):
        self.engine.remove_all(self.project)
        shutil.rmtree(self.folder / ".poststack", ignore_errors=True)


class Compose:
    """The same project as Docker Compose sees it."""

    def __init__(self, title, program, engine, folder, tmpfs=False):
        self.title, self.program, self.engine, self.folder = title, program, engine, folder
        self.project = "bench-" + folder.name
        folder.mkdir()
        write_files(folder)
        text = COMPOSE_ONLY
        if tmpfs:
            text = text.replace("volumes:\n  pgdata:\n", "")
            text = text.replace(
                "    volumes:\n      - pgdata:/var/lib/postgresql/data\n",
                "    tmpfs: [/var/lib/postgresql/data]\n",
            ).replace("environment:\n", "environment:\n      POSTSTACK_DURABILITY: 'off'\n", 1)
        (folder / "compose.yml").write_text(text)
        self.environment = {
            **os.environ,
            "DOCKER_HOST": f"unix://{engine.path}",
            "DB_HOST": "db",
            "DB_PORT": "5432",
            "DB_NAME": "bench",
            "DB_USER": "bench",
            "DB_PASSWORD": PASSWORD,
            "HOST_PORT": str(free_port()),
            "WEB_PORT": str(free_port()),
        }

    def run(self, *arguments, watch=False):
        files = ["--file=init-compose.yml", "--file=app-compose.yml", "--file=compose.yml"]
        command = [self.program, f"--project-name={self.project}", *files, *arguments]
        return Measured(command, self.environment, self.folder, watch)

    def start(self, watch=False):
        # `up --wait` takes an init container that has ended for a failure, so
        # it is told what to wait for; its dependencies come along.
        return self.run("up", "--detach", "--wait", "web", watch=watch)

    def stop(self):
        return self.run("stop")

    def clean(self):
        self.engine.remove_all(self.project)


def write_files(folder):
    (folder / "init-compose.yml").write_text(INIT_COMPOSE)
    (folder / "app-compose.yml").write_text(APP_COMPOSE)
    migrations = folder / "migrations"
    migrations.mkdir()
    for number in range(1, MIGRATIONS + 1):
        (migrations / f"{number:03}_table{number}.sql").write_text(
            f"CREATE TABLE IF NOT EXISTS table{number} (id bigserial PRIMARY KEY, name text NOT NULL);\n"
            f"CREATE INDEX IF NOT EXISTS table{number}_name ON table{number} (name);\n"
            f"INSERT INTO table{number} (name) SELECT 'row ' || n FROM generate_series(1, 100) AS n;\n"
        )


# --- Rounds -------------------------------------------------------------------


def measure_round(contender, watch=False):
    """One round: from nothing, with nothing to do, stop."""
    contender.clean()
    try:
        cold = contender.start(watch)
        repeated = contender.start()
        stop = contender.stop()
    finally:
        contender.clean()
    return {"cold": cold.seconds, "repeated": repeated.seconds, "stop": stop.seconds, "memory": cold.bytes}


def measure_rounds(contenders, runs):
    """{title: {what: [of each round]}}"""
    results = {}
    for contender in contenders:
        log(f"{contender.engine.name}: warming up and watching the memory of: {contender.title}")
        first = measure_round(contender, watch=True)
        results[contender.title] = {"cold": [], "repeated": [], "stop": [], "memory": [first["memory"]]}
    for number in range(1, runs + 1):
        for contender in contenders:
            one = measure_round(contender)
            for what in ("cold", "repeated", "stop"):
                results[contender.title][what].append(one[what])
            log(
                f"{contender.engine.name}: round {number} of {runs}: {contender.title}: "
                f"cold {one['cold']:.2f} s, repeated {one['repeated'] * 1000:.0f} ms, stop {one['stop']:.2f} s"
            )
    return results


def measure_status(program, engine, folder, runs):
    """`env status` of an environment of ten containers."""
    contender = Poststack("status", program, engine, folder, None)
    (folder / "app-compose.yml").write_text(STATUS_COMPOSE)
    try:
        contender.clean()
        contender.start()
        count = len(engine.containers(contender.project))
        if count != SERVICES_OF_STATUS + 1:
            raise Failed(f"ten containers were to be started, and there are {count}")
        return [contender.run("env", "status", "dev").seconds for _ in range(max(10, runs))]
    finally:
        contender.clean()


def measure_help(program, runs):
    environment = dict(os.environ)
    return [Measured([program, "--help"], environment, "/").seconds for _ in range(max(20, runs))]


def measure_database(sockets, runs):
    """The database image alone; {engine: {case: [seconds]}}."""
    log("the database alone")
    script = REPOSITORY / "scripts" / "measure-postgres.py"
    command = [sys.executable, script, "--json", f"--runs={runs}", *sockets]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise Failed(f"{script.name} ended with {done.returncode}")
    return json.loads(done.stdout)["seconds"]


# --- The report -----------------------------------------------------------------


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 0.2 else f"{value:.2f} s"


class Table:
    """Rows of: what, measured, compared with, ratio, target, verdict."""

    def __init__(self):
        self.rows = []

    def add(self, what, values, against=None, ratio=None, limit=None, unit=seconds):
        """`ratio` bounds the median relative to `against`, `limit` bounds the median itself."""
        value = median(values)
        shown = f"{unit(value)} ({unit(min(values))}–{unit(max(values))})" if len(values) > 1 else unit(value)
        compared = unit(against) if against else ""
        quotient = f"{value / against:.2f}" if against else ""
        target, verdict = "", ""
        if ratio is not None:
            target = f"≤ {ratio:.2f} ×"
            verdict = "✔" if value <= ratio * against else "✘"
        elif limit is not None:
            target = f"≤ {unit(limit)}"
            verdict = "✔" if value <= limit else "✘"
        self.rows.append((what, shown, compared, quotient, target, verdict))

    def markdown(self, reference):
        header = ("", "median (range)", reference, "ratio", "target", "")
        lines = ["| " + " | ".join(header) + " |", "|---|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)


def megabytes(value):
    return f"{value / 1e6:.1f} MB"


def engine_table(rounds, compose):
    """The rounds of one engine; `compose` is the title of the reference, if there is one."""
    table = Table()
    reference = {what: median(rounds[compose][what]) for what in ("cold", "repeated", "stop")} if compose else {}
    for title, times in rounds.items():
        ours = not title.startswith("Compose")
        target = (0.30 if "tmpfs" in title else 0.50) if ours and compose else None
        table.add(f"{title}: from nothing", times["cold"], reference.get("cold"), ratio=target)
    for title, times in rounds.items():
        target = None if title.startswith("Compose") else 0.050
        table.add(f"{title}: nothing to do", times["repeated"], reference.get("repeated"), limit=target)
    for title, times in rounds.items():
        table.add(f"{title}: stop", times["stop"], reference.get("stop"))
    for title, times in rounds.items():
        target = None if title.startswith("Compose") else 30e6
        table.add(f"{title}: peak memory of start", times["memory"], limit=target, unit=megabytes)
    return table


DATABASE_CASES = {
    "fresh": ("fresh volume, run to login", {"ratio": 0.65}),
    "existing": ("existing volume, start to login", {"limit": 0.40}),
    "stop": ("stop", {"limit": 0.30}),
    "tmpfs": ("data in memory, run to login", {"limit": 0.55}),
}


def database_table(cases):
    table = Table()
    initdb = median(cases["initdb"])
    for case, (what, target) in DATABASE_CASES.items():
        against = initdb if "ratio" in target else None
        table.add(what, cases[case], against, **target)
    return table


def report(measured):
    load = measured["load"]
    parts = [
        f"# poststack beside Docker Compose {measured['compose']}",
        f"{measured['runs']} rounds, interleaved, medians. {os.cpu_count()} processors; "
        f"load average {load[0]:.1f} before, {load[1]:.1f} after.",
    ]
    for name, engine in measured["engines"].items():
        compose = next((title for title in engine["rounds"] if title.startswith("Compose")), None)
        table = engine_table(engine["rounds"], compose)
        table.add("`env status` of ten containers", engine["status"], limit=0.100)
        if compose:
            table.add("`--help`", measured["help"], limit=0.010)
        parts += [f"## {name} {engine['version']}", table.markdown("Compose on a volume")]
    for name, cases in measured["database"].items():
        parts += [f"## The database alone, {name.capitalize()}", database_table(cases).markdown("through initdb")]
    return "\n\n".join(parts)


# --- The way through --------------------------------------------------------------


def answering(path):
    try:
        return Engine(path)
    except OSError:
        return None


def contenders(options, engine, folder):
    def poststack(title, name, init, tmpfs=False):
        unique = f"{name}-{engine.name.lower()}-{os.getpid()}"
        return Poststack(title, options.poststack, engine, folder / unique, init, tmpfs)

    compose, migrations = "compose: init-compose.yml", "migrations: migrations"
    ours = [
        poststack("poststack", "init", compose),
        poststack("poststack, `- migrations:`", "own", migrations),
        poststack("poststack, tmpfs", "init-tmpfs", compose, tmpfs=True),
        poststack("poststack, tmpfs, `- migrations:`", "own-tmpfs", migrations, tmpfs=True),
    ]
    if engine.name != "Docker" or not options.compose:
        return ours
    theirs = [
        Compose("Compose", options.compose, engine, folder / f"compose-{os.getpid()}"),
        Compose("Compose, tmpfs", options.compose, engine, folder / f"compose-tmpfs-{os.getpid()}", tmpfs=True),
    ]
    return [theirs[0], *ours[:2], theirs[1], *ours[2:]]


def build_images(options, engine):
    log(f"{engine.name}: building the images that are not there")
    command = [options.poststack, "--host", f"unix://{engine.path}", "build"]
    Measured(command, dict(os.environ), "/")


def measure_engine(options, engine, folder):
    build_images(options, engine)
    rounds = measure_rounds(contenders(options, engine, folder), options.runs)
    log(f"{engine.name}: env status")
    status = measure_status(options.poststack, engine, folder / f"status-{engine.name.lower()}-{os.getpid()}", options.runs)
    return {"version": engine.version(), "rounds": rounds, "status": status}


def measure(options):
    sockets = [DOCKER] + ([PODMAN] if options.podman else [])
    engines = [engine for engine in map(answering, sockets) if engine]
    if not engines:
        raise Failed("no engine answers; see scripts/ensure-engine.sh")
    measured = {"v": 1, "runs": options.runs, "compose": "", "load": [os.getloadavg()[0]]}
    if options.compose:
        version = Measured([options.compose, "version", "--short"], dict(os.environ), "/")
        measured["compose"] = version.output.strip()
    measured["help"] = measure_help(options.poststack, options.runs)
    with tempfile.TemporaryDirectory(prefix="poststack-bench-") as folder:
        folder = pathlib.Path(folder)
        measured["engines"] = {engine.name: measure_engine(options, engine, folder) for engine in engines}
    paths = [engine.path for engine in engines]
    measured["database"] = measure_database(paths, options.runs) if options.database else {}
    measured["load"].append(os.getloadavg()[0])
    return measured


def publish(measure, report, name):
    """Print the report of what is measured, and keep all of it in target/bench/NAME.json."""
    try:
        measured = measure()
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    results = REPOSITORY / "target" / "bench" / f"{name}.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(measured, indent=2) + "\n")
    print(report(measured))
    log(f"everything measured: {results}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--poststack", required=True, type=pathlib.Path)
    parser.add_argument("--compose", help="a Docker Compose 2 program; without it poststack is measured alone")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-podman", dest="podman", action="store_false")
    parser.add_argument("--no-database", dest="database", action="store_false")
    options = parser.parse_args()
    options.poststack = options.poststack.resolve()
    publish(lambda: measure(options), report, "results")


if __name__ == "__main__":
    main()
