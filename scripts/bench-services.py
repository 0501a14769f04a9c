#!/usr/bin/env python3
"""Measure how fast services come up and go, beside what else brings them up.

On each engine that answers, in one run and by turns:

- three and ten plain services: beside a bare program that makes the same calls
  through bollard (benches/engine_floor.rs), beside Docker Compose on Docker and
  beside `podup` on Podman;
- a chain of three services, each behind the health of the one before it, whose
  tests have an interval of one second;
- two services that run to their end, one after the other, and one behind them;
- a pod of one init container and three others, on Podman beside
  `podman kube play`;
- the same start with nothing left to do, and the way down.

An environment of poststack has a database, which none of the others starts. So
that all bring up the same, the database of the measured environments is an
external one: a container of an environment of its own, at an address that the
configuration names, up before anything is measured. What stays in the time of
poststack is the login that makes sure of it.

Wall time is CLOCK_MONOTONIC around the process; medians and ratios of one run.
Prints Markdown, and writes everything measured to
target/bench/services.json. Misses are shown, not failed.

usage: bench-services.py --poststack PROGRAM --floor PROGRAM [--compose PROGRAM]
                         [--podup PROGRAM] [--runs N] [--no-podman]
"""

import argparse
import json
import os
import pathlib
import shutil
import tempfile

from bench import DOCKER, PODMAN, Failed, Measured, Table, answering, build_images, free_port, log, publish
from statistics import median

IMAGE = "poststack/base-debian:core"
DATABASE_HOST = "127.0.0.2"
PASSWORD = "bench-password"

SLEEPER = f"    image: {IMAGE}\n    command: [sleep, infinity]\n    init: true\n"


def plain(count):
    return "services:\n" + "".join(f"  sleeper{number}:\n{SLEEPER}" for number in range(1, count + 1))


def chain():
    """Three services; each waits for the health of the one before it."""
    text = "services:\n"
    for number in range(1, 4):
        text += f"  link{number}:\n{SLEEPER}    healthcheck: {{ test: [CMD, 'true'], interval: 1s, retries: 30 }}\n"
        if number > 1:
            text += f"    depends_on: {{ link{number - 1}: {{ condition: service_healthy }} }}\n"
    return text


def steps():
    """Two services that end, one after the other, and one that stays behind them."""
    done = "condition: service_completed_successfully"
    return (
        f"services:\n  first:\n    image: {IMAGE}\n    command: ['true']\n"
        f"  second:\n    image: {IMAGE}\n    command: ['true']\n    depends_on: {{ first: {{ {done} }} }}\n"
        f"  app:\n{SLEEPER}    depends_on: {{ second: {{ {done} }} }}\n"
    )


def pod(name):
    """One init container and three others, for which PID 1 has no part in the time."""

    def container(title, command):
        return (
            f"    - name: {title}\n      image: {IMAGE}\n      imagePullPolicy: IfNotPresent\n"
            f"      command: {json.dumps(command)}\n"
        )

    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec:\n  restartPolicy: Never\n"
    text += "  initContainers:\n" + container("prepare", ["true"]) + "  containers:\n"
    sleep = ["sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"]
    return text + "".join(container(f"member{number}", sleep) for number in range(1, 4))


# --- Who brings them up ---------------------------------------------------------


class Contender:
    """A way to bring up what a folder describes. `title` is what the report calls it."""

    def __init__(self, title, engine, folder, project):
        self.title, self.engine, self.folder, self.project = title, engine, folder, project
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{engine.path}", "NO_COLOR": "1"}
        folder.mkdir()

    def run(self, *command):
        return Measured(command, self.environment, self.folder).seconds

    def clean(self):
        self.engine.remove_all(self.project)

    def again(self):
        """The start with nothing left to do; None where there is no such thing."""
        return self.up()

    def down(self):
        return None


class Floor(Contender):
    def __init__(self, program, engine, folder, count):
        super().__init__("the bare calls", engine, folder, f"bench-floor-{folder.name}")
        self.program, self.count = program, count

    def up(self):
        return self.run(self.program, self.engine.path, self.project, str(self.count))

    def again(self):
        return None


class Poststack(Contender):
    def __init__(self, program, engine, folder, kind, text, port):
        name = f"bench-{folder.name}"
        super().__init__("poststack", engine, folder, f"{name}-dev")
        self.command = [program, "--host", f"unix://{engine.path}", "env"]
        (folder / "app.yml").write_text(text)
        (folder / ".poststack.yml").write_text(
            f"project: {{ name: {name} }}\nenvironments:\n  dev:\n    postgres:\n"
            f"      host: {DATABASE_HOST}\n      port: {port}\n      database: bench\n"
            f"      user: bench\n      password: {PASSWORD}\n    deployment: {{ {kind}: app.yml }}\n"
        )

    def up(self):
        return self.run(*self.command, "start", "dev")

    def down(self):
        return self.run(*self.command, "stop", "dev", "--rm")

    def clean(self):
        super().clean()
        shutil.rmtree(self.folder / ".poststack", ignore_errors=True)


class Compose(Contender):
    def __init__(self, program, engine, folder, text, wait=False):
        super().__init__("Compose", engine, folder, f"bench-{folder.name}")
        (folder / "compose.yml").write_text(text)
        self.command = [program, f"--project-name={self.project}"]
        self.options = ["--detach", *(["--wait"] if wait else [])]

    def up(self):
        return self.run(*self.command, "up", *self.options)

    def down(self):
        return self.run(*self.command, "down")


class Podup(Contender):
    def __init__(self, program, engine, folder, text):
        super().__init__("podup", engine, folder, f"bench-{folder.name}")
        (folder / "compose.yml").write_text(text)
        self.command = [program, "--socket", engine.path, "--project", self.project]

    def up(self):
        return self.run(*self.command, "up", "--detach")

    def down(self):
        return self.run(*self.command, "down")

    def clean(self):
        # It has labels of its own.
        self.run("sh", "-c", f"podman ps --all --quiet --filter name={self.project} | xargs -r podman rm --force --time 0")
        self.run("sh", "-c", f"podman network ls --quiet --filter name={self.project} | xargs -r podman network rm --force")


class KubePlay(Contender):
    def __init__(self, engine, folder):
        super().__init__("kube play", engine, folder, f"bench-{folder.name}")
        (folder / "pod.yml").write_text(pod(self.project))

    def up(self):
        return self.run("podman", "kube", "play", "pod.yml")

    def again(self):
        return None

    def clean(self):
        self.run("podman", "pod", "rm", "--force", "--ignore", "--time=0", self.project)


# --- Rounds -----------------------------------------------------------------------


def one_round(contender):
    contender.clean()
    try:
        return {"up": contender.up(), "again": contender.again(), "down": contender.down()}
    finally:
        contender.clean()


def rounds(name, contenders, runs):
    """{title: {what: [seconds]}}; a first round warms up and does not count."""
    results = {one.title: {"up": [], "again": [], "down": []} for one in contenders}
    for number in range(runs + 1):
        for contender in contenders:
            measured = one_round(contender)
            for what, value in measured.items():
                if number > 0 and value is not None:
                    results[contender.title][what].append(value)
        log(f"{contenders[0].engine.name}: {name}: round {number} of {runs}")
    return results


def scenarios(options, engine, folder, port):
    """Name → who takes part."""
    docker = engine.name == "Docker"
    compose = options.compose if docker else None
    podup = options.podup if not docker else None

    def place(kind, name):
        return folder / f"{kind}-{name}-{engine.name.lower()}-{os.getpid()}"

    def services(name, text, wait=False, count=None):
        found = [Poststack(options.poststack, engine, place("ours", name), "compose", text, port)]
        if count:
            found.append(Floor(options.floor, engine, place("floor", name), count))
        if compose:
            found.append(Compose(compose, engine, place("compose", name), text, wait))
        if podup and count:
            found.append(Podup(podup, engine, place("podup", name), text))
        return found

    kube = [KubePlay(engine, place("kube", "pod"))] if not docker else []
    return {
        "three": services("three", plain(3), count=3),
        "ten": services("ten", plain(10), count=10),
        "chain": services("chain", chain(), wait=True),
        "steps": services("steps", steps()),
        "pod": [Poststack(options.poststack, engine, place("ours", "pod"), "pod", pod("bench"), port), *kube],
    }


class Database:
    """The database that all measured environments use, while `with` lasts."""

    def __init__(self, program, engine, folder):
        self.command = [program, "--host", f"unix://{engine.path}", "env"]
        self.engine, self.folder, self.port = engine, folder, free_port()
        self.name = f"bench-database-{os.getpid()}"
        folder.mkdir()
        (folder / ".poststack.yml").write_text(
            f"project: {{ name: {self.name} }}\nenvironments:\n  dev:\n    bind: {DATABASE_HOST}\n"
            f"    postgres: {{ port: {self.port}, storage: tmpfs, database: bench, user: bench, password: {PASSWORD} }}\n"
        )

    def __enter__(self):
        Measured([*self.command, "start", "dev"], dict(os.environ), self.folder)
        return self.port

    def __exit__(self, *_):
        self.engine.remove_all(f"{self.name}-dev")


# --- The report ---------------------------------------------------------------------

WHAT = {
    "three": "three services",
    "ten": "ten services",
    "chain": "a chain of three healths, interval 1 s",
    "steps": "two that end, one behind them",
    "pod": "a pod of one and three containers",
}


def table(results):
    report = Table()
    for name, times in results.items():
        what, ours = WHAT[name], times["poststack"]
        others = {title: median(one["up"]) for title, one in times.items() if title != "poststack"}
        ratios = {"the bare calls": 1.05, "podup": 1.10}
        if name == "steps":
            ratios["Compose"] = 0.65
        for title, against in others.items():
            ratio = ratios.get(title)
            report.add(f"{what}: up, beside {title}", ours["up"], against, ratio=ratio)
        limit = {"chain": 1.2, "pod": 0.8}.get(name)
        if limit or not others:
            report.add(f"{what}: up", ours["up"], limit=limit)
        report.add(f"{what}: nothing to do", ours["again"], limit=0.030)
        theirs = {title: one["down"] for title, one in times.items() if title != "poststack" and one["down"]}
        for title, down in theirs.items():
            ratio = 1.0 if title == "Compose" else None
            report.add(f"{what}: down, beside {title}", ours["down"], median(down), ratio=ratio)
        if not theirs:
            report.add(f"{what}: down", ours["down"])
    return report


def report(measured):
    load = measured["load"]
    parts = [
        "# Services up and down",
        f"{measured['runs']} rounds, interleaved, medians. {os.cpu_count()} processors; "
        f"load average {load[0]:.1f} before, {load[1]:.1f} after.",
    ]
    for name, engine in measured["engines"].items():
        parts += [f"## {name} {engine['version']}", table(engine["scenarios"]).markdown("the other")]
    return "\n\n".join(parts)


def measure(options):
    sockets = [DOCKER] + ([PODMAN] if options.podman else [])
    engines = [engine for engine in map(answering, sockets) if engine]
    if not engines:
        raise Failed("no engine answers; see scripts/ensure-engine.sh")
    measured = {"v": 1, "runs": options.runs, "load": [os.getloadavg()[0]], "engines": {}}
    with tempfile.TemporaryDirectory(prefix="poststack-bench-") as folder:
        folder = pathlib.Path(folder)
        for engine in engines:
            build_images(options, engine)
        with Database(options.poststack, engines[0], folder / "database") as port:
            for engine in engines:
                found = scenarios(options, engine, folder, port)
                found = {name: who for name, who in found.items() if not options.only or name in options.only}
                results = {name: rounds(name, contenders, options.runs) for name, contenders in found.items()}
                measured["engines"][engine.name] = {"version": engine.version(), "scenarios": results}
    measured["load"].append(os.getloadavg()[0])
    return measured


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--poststack", required=True, type=pathlib.Path)
    parser.add_argument("--floor", required=True, type=pathlib.Path, help="the program of benches/engine_floor.rs")
    parser.add_argument("--compose", help="a Docker Compose 2 program")
    parser.add_argument("--podup", help="a `podup` program, for Podman")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", nargs="*", choices=list(WHAT), help="measure only these")
    parser.add_argument("--no-podman", dest="podman", action="store_false")
    options = parser.parse_args()
    options.poststack, options.floor = options.poststack.resolve(), options.floor.resolve()
    publish(lambda: measure(options), report, "services")


if __name__ == "__main__":
    main()
