#!/usr/bin/env python3
"""Measure `poststack db migrate` beside other tools, on the same server in one run.

One migration makes a table and an index. The floor is one connection that
sends one message per file (benches/migration_floor.rs): no lock, no check, no
checksum. Two servers of PostgreSQL 15 with its default settings, one with its
data on a disk and one in memory, are made for the run and end with it. Every
round gives each contender an empty database of its own; the contenders take
turns, so that a busy machine is busy for all; what counts are medians and
ratios of one run, not seconds of different ones.

Measured: applying 100 and 1,000 files, a run with nothing pending and 1,000
applied, rolling 1,000 back, peak memory and connections; a reader beside an
ALTER TABLE that waits for its lock; three runners at once; a branch of 1,000
tables beside CREATE DATABASE … TEMPLATE.

Wall time is CLOCK_MONOTONIC around the process; peak memory is VmHWM of
/proc/PID/status. Other tools (sqlx-cli, refinery_cli, dbmate, goose) take part
when their programs are found in PATH or --tools.

Prints Markdown, and writes everything measured to
target/bench/migrations.json. Misses are shown, not failed: the exit code is 0
unless something cannot be measured.

usage: bench-migrations.py --poststack PROGRAM --floor PROGRAM [--tools FOLDER]
                           [--runs N] [--races N] [--quick]
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from statistics import median

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
LOCK_TIMEOUT = 3.0


def log(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    """Something cannot be measured."""


# --- The server -----------------------------------------------------------------


class Server:
    """A server with default settings; trust on loopback, so that no tool pays for SCRAM."""

    def __init__(self, kind, parent):
        self.kind = kind
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="poststack-bench-", dir=parent))
        shutil.chown(self.folder, "postgres")
        self.port = free_port()
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        data = str(self.folder / "data")
        options = ["-U", "bench", "-A", "trust", "-E", "UTF8", "--no-instructions", "-D", data]
        subprocess.run(
            [*as_owner, PROGRAMS / "initdb", *options],
            check=True, cwd="/", stdout=subprocess.DEVNULL,
        )
        self.process = subprocess.Popen(
            [*as_owner, PROGRAMS / "postgres", "-D", data, "-p", str(self.port),
             "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            if self.psql("SELECT 1", "postgres", check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise Failed(f"the server in {parent} does not start")

    def psql(self, sql, database="postgres", check=True):
        command = [PROGRAMS / "psql", "--no-psqlrc", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql,
                   self.url(database)]
        answer = subprocess.run(command, capture_output=True, text=True)
        if check and answer.returncode != 0:
            raise Failed(f"psql: {answer.stderr}")
        return answer

    def url(self, database):
        return f"postgresql://bench@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def fresh(self, database):
        self.psql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.psql(f"CREATE DATABASE {database}")
        return self.url(database)

    def close(self):
        self.process.send_signal(2)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- Contenders -----------------------------------------------------------------


def up(number):
    return (
        f"CREATE TABLE table{number} (id bigint PRIMARY KEY, name text, at timestamptz);\n"
        f"CREATE INDEX table{number}_name ON table{number} (name);\n"
    )


def down(number):
    return f"DROP TABLE table{number};\n"


def write(folder, files):
    folder.mkdir(parents=True)
    for name, text in files:
        (folder / name).write_text(text)
    return folder


def versions(count):
    return range(1, count + 1)


class Tool:
    """One program and the folder of migrations as it wants them."""

    can_roll_back = True

    def __init__(self, name, program, work):
        self.name, self.program, self.work = name, program, work

    def folder(self, count):
        folder = self.work / f"{self.name}-{count}"
        if not folder.exists():
            write(folder, self.files(count))
        return folder

    def environment(self, url):
        return {**os.environ, "NO_COLOR": "1", "DATABASE_URL": url}

    def migrate(self, count, url):
        return run(self.up_command(self.folder(count), url), self.environment(url), self.work)

    def roll_back(self, count, url):
        return run(self.down_command(self.folder(count), url), self.environment(url), self.work)


class Poststack(Tool):
    def files(self, count):
        for number in versions(count):
            yield f"{number:04}_table{number}.sql", up(number)
            yield f"{number:04}_table{number}.rollback.sql", down(number)

    def up_command(self, folder, url):
        return [self.program, "--quiet", "db", "migrate", "--database-url", url,
                "--migrations", folder]

    def down_command(self, folder, url):
        return [self.program, "--quiet", "db", "rollback", "--database-url", url,
                "--migrations", folder, "--target-version", "0", "--yes"]


class Floor(Poststack):
    def up_command(self, folder, url):
        return [self.program, "up", folder, url]

    def down_command(self, folder, url):
        return [self.program, "down", folder, url]


class Sqlx(Tool):
    def files(self, count):
        for number in versions(count):
            yield f"{number:04}_table{number}.up.sql", up(number)
            yield f"{number:04}_table{number}.down.sql", down(number)

    def up_command(self, folder, url):
        return [self.program, "migrate", "run", "--source", folder, "--database-url", url]

    def down_command(self, folder, url):
        return [self.program, "migrate", "revert", "--source", folder, "--database-url", url,
                "--target-version", "0"]


class Refinery(Tool):
    can_roll_back = False

    def files(self, count):
        for number in versions(count):
            yield f"V{number}__table{number}.sql", up(number)

    def up_command(self, folder, url):
        return [self.program, "migrate", "-e", "DATABASE_URL", "-p", folder]

    def environment(self, url):
        return super().environment(url.split("?")[0])


class Dbmate(Tool):
    # One step per process: no contender for a rollback of many.
    can_roll_back = False

    def files(self, count):
        for number in versions(count):
            yield (f"{number:04}_table{number}.sql",
                   f"-- migrate:up\n{up(number)}\n-- migrate:down\n{down(number)}")

    def up_command(self, folder, url):
        return [self.program, "--url", url, "--migrations-dir", folder, "--no-dump-schema", "migrate"]


class Goose(Tool):
    def files(self, count):
        for number in versions(count):
            yield (f"{number:05}_table{number}.sql",
                   f"-- +goose Up\n{up(number)}\n-- +goose Down\n{down(number)}")

    def up_command(self, folder, url):
        return [self.program, "-dir", folder, "postgres", url, "up"]

    def down_command(self, folder, url):
        return [self.program, "-dir", folder, "postgres", url, "down-to", "0"]


OTHERS = [("sqlx", Sqlx), ("refinery", Refinery), ("dbmate", Dbmate), ("goose", Goose)]


# --- Measuring ------------------------------------------------------------------


def run(command, environment, directory, watch=False):
    """Wall seconds of a process that must end well, or its peak bytes."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=directory,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        peak = peak_memory(process) if watch else 0
        code = process.wait()
        seconds = time.monotonic() - began
        output.seek(0)
        text = output.read().decode(errors="replace")
    if code != 0:
        raise Failed(f"`{' '.join(command)}` ended with {code}:\n{text[-2000:]}")
    return peak if watch else seconds


def peak_memory(process):
    peak = 0
    program = os.path.realpath(process.args[0])
    while process.poll() is None:
        try:
            if os.readlink(f"/proc/{process.pid}/exe") == program:
                text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                lines = [line.split() for line in text.splitlines() if line.startswith("VmHWM:")]
                peak = max([peak, *(int(words[1]) * 1024 for words in lines)])
        except OSError:
            break
        time.sleep(0.002)
    return peak


def rounds(server, tools, runs):
    """kind → tool → list of seconds."""
    found = {}

    def note(what, tool, seconds):
        found.setdefault(what, {}).setdefault(tool.name, []).append(seconds)

    for number in range(runs):
        log(f"{server.kind}: round {number + 1} of {runs}")
        for tool in tools[number % len(tools):] + tools[:number % len(tools)]:
            for _ in range(3):
                note("100 files", tool, tool.migrate(100, server.fresh("bench")))
            url = server.fresh("bench")
            note("1,000 files", tool, tool.migrate(1000, url))
            if tool.name != "floor":
                note("nothing pending", tool, min(tool.migrate(1000, url) for _ in range(3)))
            if tool.can_roll_back:
                note("roll back 1,000", tool, tool.roll_back(1000, url))
    return found


def reader_stall(server, poststack):
    """Longest wait of a reader while `ALTER TABLE` waits behind an open transaction."""
    url = server.fresh("stall")
    server.psql("CREATE TABLE busy (id int)", "stall")
    folder = poststack.work / "stall"
    write(folder, [("1_alter.sql", "ALTER TABLE busy ADD COLUMN note text;\n")])
    holder = subprocess.Popen(
        [PROGRAMS / "psql", "-qX", "-c", "BEGIN; SELECT count(*) FROM busy; SELECT pg_sleep(6)", url],
        stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    runner = subprocess.Popen([str(word) for word in poststack.up_command(folder, url)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, cwd=poststack.work)
    time.sleep(0.2)
    longest = 0.0
    while runner.poll() is None:
        began = time.monotonic()
        server.psql("SELECT count(*) FROM busy", "stall")
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.02)
    holder.wait()
    if runner.returncode != 0:
        raise Failed(f"the migration behind a reader ended with {runner.returncode}")
    return longest


def races(server, poststack, count):
    """Three runners at once, `count` times; each must end well and each file be applied once."""
    folder = poststack.work / "race"
    write(folder, [(f"{n}_a.sql", f"CREATE TABLE race{n} (id int);\nINSERT INTO race{n} VALUES ({n});\n")
                   for n in range(1, 6)])
    good = 0
    for _ in range(count):
        url = server.fresh("race")
        command = [str(word) for word in poststack.up_command(folder, url)]
        runners = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, cwd=poststack.work) for _ in range(3)]
        codes = [runner.wait() for runner in runners]
        rows = server.psql("SELECT count(*) FROM poststack.schema_migrations", "race").stdout.strip()
        good += codes == [0, 0, 0] and rows == "5"
    return good


def connections(server, poststack):
    """The most sessions a run of 1,000 files has at once."""
    url = server.fresh("sessions")
    command = [str(word) for word in poststack.up_command(poststack.folder(1000), url)]
    runner = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              cwd=poststack.work)
    most = 0
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'sessions'"
    while runner.poll() is None:
        most = max(most, int(server.psql(question).stdout))
    return most


def branch(server, poststack, runs):
    """Seconds of `db branch` and of CREATE DATABASE … TEMPLATE for 1,000 tables, by default and by
    copying files."""
    url = server.fresh("bench")
    poststack.migrate(1000, url)
    ours, plain, files = [], [], []
    for number in range(runs):
        command = [poststack.program, "--quiet", "db", "branch", f"copy{number}",
                   "--database-url", url, "--migrations", poststack.folder(1000)]
        ours.append(run(command, poststack.environment(url), poststack.work))
        for kind, found in (("", plain), ("STRATEGY file_copy", files)):
            server.psql("DROP DATABASE IF EXISTS plain")
            create = f"CREATE DATABASE plain TEMPLATE bench {kind}"
            command = [PROGRAMS / "psql", "-qX", "-c", create, server.url("postgres")]
            found.append(run(command, dict(os.environ), poststack.work))
    return {"ours": median(ours), "template": median(plain), "files": median(files)}


# --- Report ---------------------------------------------------------------------


def report(results):
    lines = []
    for kind, found in results["rounds"].items():
        names = list(next(iter(found.values())))
        lines += ["", f"| data {kind} | " + " | ".join(names) + " | poststack ÷ floor |",
                  "|---" * (len(names) + 2) + "|"]
        for what, tools in found.items():
            middle = {name: median(values) for name, values in tools.items()}
            cells = [f"{middle[name]:.3f} s" if name in middle else "–" for name in names]
            ratio = f"{middle['poststack'] / middle['floor']:.2f}" if "floor" in middle else "–"
            lines.append(f"| {what} | " + " | ".join(cells) + f" | {ratio} |")
        ours = {what: median(tools["poststack"]) for what, tools in found.items()}
        growth = ours["1,000 files"] / ours["100 files"]
        lines.append(f"\nTime(1,000) ÷ time(100) {kind}: {growth:.1f}")
    for what, value in results["single"].items():
        lines.append(f"- {what}: {value}")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poststack", required=True, type=pathlib.Path)
    parser.add_argument("--floor", required=True, type=pathlib.Path)
    parser.add_argument("--tools", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--races", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="poststack and the floor in memory only")
    return parser.parse_args()


def contenders(given, work):
    tools = [Floor("floor", given.floor.resolve(), work),
             Poststack("poststack", given.poststack.resolve(), work)]
    path = f"{given.tools.resolve()}:{os.environ['PATH']}" if given.tools else os.environ["PATH"]
    for name, kind in [] if given.quick else OTHERS:
        program = shutil.which(name, path=path)
        if program:
            tools.append(kind(name, program, work))
        else:
            log(f"{name} is not here and takes no part")
    return tools


def single(server, poststack, given):
    log("memory, connections, a reader, runners at once, a branch")
    url = server.fresh("bench")
    peak = run(poststack.up_command(poststack.folder(1000), url), poststack.environment(url),
               poststack.work, watch=True)
    copy = branch(server, poststack, given.runs)
    return {
        "peak memory of 1,000 files": f"{peak / 1e6:.1f} MB",
        "connections of a run": connections(server, poststack),
        "longest wait of a reader": f"{reader_stall(server, poststack):.2f} s "
                                    f"(at most {LOCK_TIMEOUT + 0.2:.1f} s)",
        "three runners at once": f"{races(server, poststack, given.races)} of {given.races} good",
        "branch of 1,000 tables": f"{copy['ours']:.3f} s, {copy['ours'] / copy['template']:.2f} × "
                                  "CREATE DATABASE … TEMPLATE through psql, "
                                  f"{copy['ours'] / copy['files']:.2f} × with STRATEGY file_copy",
    }


def main():
    given = arguments()
    kinds = {"in memory": "/dev/shm"}
    if not given.quick:
        kinds["on disk"] = "/var/tmp"
    results = {"rounds": {}, "single": {}, "load": [os.getloadavg()[0]]}
    with tempfile.TemporaryDirectory(prefix="poststack-bench-") as work:
        tools = contenders(given, pathlib.Path(work))
        for kind, parent in kinds.items():
            server = Server(kind, parent)
            try:
                results["rounds"][kind] = rounds(server, tools, given.runs)
                if kind == "in memory":
                    results["single"] = single(server, tools[1], given)
            finally:
                server.close()
    results["load"].append(os.getloadavg()[0])
    target = REPOSITORY / "target" / "bench" / "migrations.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1))
    print(report(results))


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        log(str(failure))
        sys.exit(1)
