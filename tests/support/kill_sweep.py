"""kill_sweep: which boundaries a program is still to be killed at, what came of each, and several worlds that share them.

    kind = Kind("daemon", sure=200, shard=(2, 4))   this world has the boundaries 2, 6, 10, ...
    while (k := kind.next()): kind.came(k, reached=...)
    runs(__file__, 4)                               the test itself, four times at once, each with SLIPWAY_SHARD=I/4

A boundary that every deploy has (`sure`: so many there were when nobody was killed) is tried up to three times, and one that
is never reached is a fault. Behind them it is tried until none is left: what comes together is committed together, so not
every deploy has as many.
"""
import collections
import json
import os
import subprocess
import sys
import time

import real_world as rw

TRIES, BEHIND = 3, 2


class Kind:
    def __init__(self, name, sure, shard=(1, 1)):
        self.name, self.sure = name, sure
        self.k, self.step = shard
        self.tries, self.behind = 0, 0
        self.never = []  # sure ones that were not reached

    def next(self):
        """None: there are no more."""
        return self.k if self.behind < BEHIND else None

    def came(self, k, reached):
        self.tries += 1
        if not reached and k <= self.sure and self.tries < TRIES:
            return
        if reached:
            self.behind = 0
        elif k <= self.sure:
            self.never.append(k)
        else:
            self.behind += 1
        self.k, self.tries = k + self.step, 0


def shard():
    """Which of how many worlds this one is."""
    i, _, n = os.environ.get("SLIPWAY_SHARD", "1/1").partition("/")
    return int(i), int(n)


def note(line):
    """What came of one boundary; kept beside the log, so that what a world did is known also if it dies."""
    with open(os.path.join(os.environ["TMPDIR"], "boundaries"), "a", encoding="utf-8") as f:
        f.write(json.dumps(line) + "\n")


def noted(folder):
    path = os.path.join(folder, "boundaries")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


# Several at once --------------------------------------------------------------------------------------------------

def _start(test, folder, i, n):
    os.makedirs(folder, mode=0o711)
    os.chmod(folder, 0o711)
    return subprocess.Popen([sys.executable, test], stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                            stdout=open(f"{folder}/log", "wb"), env=dict(os.environ, SLIPWAY_SHARD=f"{i}/{n}", TMPDIR=folder))


def _sum_up(kind, lines):
    """What came of one kind in all worlds."""
    mine = sorted((line for line in lines if line["kind"] == kind), key=lambda line: line["k"])
    sure = min(line["sure"] for line in mine)
    reached = {line["k"]: line for line in mine if line["reached"]}
    for k in sorted(reached):
        print(f"# {kind} {k}, {reached[k]['where']}: {reached[k]['end']}, {reached[k]['seconds']} s")
    wrong = [text for line in mine for text in line["wrong"]]
    rw.check(f"{kind}: killed at {len(reached)} boundaries, each ends well, by itself or by what is offered", reached and not wrong,
             "\n".join(wrong) or "nothing was killed")
    gaps = [k for k in range(1, sure + 1) if k not in reached]
    rw.check(f"{kind}: each of the {sure} boundaries that every deploy has was reached", not gaps, f"never reached: {gaps}")
    for end, n in sorted(collections.Counter(line["end"] for line in reached.values()).items()):
        print(f"# {n:4} {kind}: {end}")


def runs(test, n):
    """The test's own path, in so many worlds. Nothing of them runs when it comes back."""
    tmp = os.environ.get("TMPDIR", "/tmp")
    os.chmod(tmp, 0o711)
    began = time.monotonic()
    folders = [f"{tmp}/{i}" for i in range(1, n + 1)]
    worlds = [_start(test, folder, i, n) for i, folder in enumerate(folders, 1)]
    try:
        for world in worlds:
            world.wait()
    finally:
        for world in worlds:
            if world.poll() is None:
                world.terminate()
        for world in worlds:
            world.wait()
    lines = [line for folder in folders for line in noted(folder)]
    for kind in dict.fromkeys(line["kind"] for line in lines):
        _sum_up(kind, lines)
    for i, (world, folder) in enumerate(zip(worlds, folders), 1):
        with open(f"{folder}/log", encoding="utf-8", errors="replace") as f:
            log = f.read()
        bad = [line for line in log.splitlines() if line.startswith(("not ok", "Bail out", "#  "))]
        rw.check(f"world {i} of {n} came to its end, and all of it is well", world.returncode == 0 and "not ok" not in log,
                 "\n".join(bad) or log[-3000:])
    print(f"# {sum(line['reached'] for line in lines)} boundaries in {n} worlds, {round(time.monotonic() - began)} s")
