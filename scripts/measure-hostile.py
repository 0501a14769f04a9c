#!/usr/bin/env python3
"""Measure what it costs to refuse hostile files: at most 200 ms and 100 MB each, exit code 3.

    scripts/measure-hostile.py [program]      # default: target/release/poststack

Each file stands once as `.poststack.yml` and once as the Compose file of a small project.
No engine is needed: everything is refused before one is asked.
"""

import os
import subprocess
import sys
import tempfile
import time

CONFIG = """\
project: { name: hostile }
environments:
  dev:
    postgres: { port: 5999 }
    deployment: { compose: app.yml }
"""


def bomb():
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, 10):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines + ["services: *a9", "environments: *a9", ""]).encode()


# Functions, so that this process stays small: a child's peak is never below its parent's size.
FILES = {
    "alias bomb": bomb,
    "merge bomb": lambda: b"a0: &a0 {k: v}\n" + b"".join(
        b"a%d: &a%d {<<: [%s]}\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)
    ) + b"services: *a9\n",
    "10,000 sequences deep": lambda: b"[" * 10_000,
    "10,000 mappings deep": lambda: b"{a: " * 10_000,
    "10,000 levels of indentation": lambda: (b" " * n + b"a:\n" for n in range(10_000)),
    "10,000 variables deep": lambda: b"services: {a: {image: \"" + b"${A:-" * 10_000 + b"x" + b"}" * 10_000 + b"\"}}\n",
    "a million variables": lambda: b"services: {a: {image: \"" + b"$A " * 1_000_000 + b"\"}}\n",
    "50 MB of lines": lambda: (b"a: b\n" * (1 << 20) for _ in range(10)),
    "50 MB in one scalar": lambda: (b"a: " + b"b" * (5 << 20) for _ in range(10)),
    "1 MB of keys": lambda: b"services:\n" + b"".join(b"  k%d: {}\n" % n for n in range(80_000)),
    "1 MB of anchors": lambda: b"".join(b"k%d: &k%d x\n" % (n, n) for n in range(60_000)),
    "1 MB of tags": lambda: b"a: " + b"!a " * 350_000,
    "1 MB of one line of faults": lambda: b"services: [" + b"1, " * 350_000 + b"]\n",
    "NUL": lambda: b"services: {\0}\n",
    "bad UTF-8": lambda: b"services: \xff\xfe\n",
}


def measure(program, folder):
    """Exit code, milliseconds of processor time and of the clock, megabytes of the peak."""
    command = [program, "env", "start", "dev", "--host", "unix:///nonexistent.sock"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = (time.monotonic() - began) * 1000
    busy = (usage.ru_utime + usage.ru_stime) * 1000
    return os.waitstatus_to_exitcode(status), busy, took, usage.ru_maxrss / 1024


def place(path, content):
    if content in (os.mkfifo, os.mkdir):
        content(path)
        return
    with open(path, "wb") as file:
        made = content()
        for part in [made] if isinstance(made, bytes) else made:
            file.write(part)


def main():
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/poststack")
    files = dict(FILES, FIFO=os.mkfifo, directory=os.mkdir)
    good = True
    print(f"{'file':32} {'as':14} {'exit':>4} {'cpu ms':>7} {'ms':>7} {'MB':>6}")
    for name, content in files.items():
        for target in (".poststack.yml", "app.yml"):
            with tempfile.TemporaryDirectory() as folder:
                if target != ".poststack.yml":
                    place(os.path.join(folder, ".poststack.yml"), CONFIG.encode)
                place(os.path.join(folder, target), content)
                runs = [measure(program, folder) for _ in range(3)]
            code, peak = runs[0][0], max(run[3] for run in runs)
            busy, took = min(run[1] for run in runs), min(run[2] for run in runs)
            fine = code == 3 and busy < 200 and peak < 100
            good = good and fine
            print(f"{name:32} {target:14} {code:4} {busy:7.1f} {took:7.1f} {peak:6.1f}{'' if fine else '  <-- over'}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
