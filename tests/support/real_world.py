"""real_world: a server, agents, a git repository and a PostgreSQL of Debian's, all real, for tests/process.

    postgres = Postgres(folder)                 a cluster of its own, on a socket in its folder, no root, ended by its pid
    world = World(folder, jobs=..., hosts=...)  slipwayd and one slipway-agent for each host, on loopback
    world.commit({"file": text}) -> "r2"        on the base branch, told by a signed push; waits until it has its number
    world.release("r2")                         asked for, in the one environment there is
    world.deployment("r2"), world.attempt()     as the API tells them

With KILL_AT programs die at a boundary that a Counter chooses (kill_at_preload.c). Everything ends with end().
"""
import contextlib
import glob
import io
import json
import mmap
import os
import pwd
import signal
import socket
import struct
import subprocess
import sys
import time

import fake_github

TOP = os.environ.get("SLIPWAY_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("SLIPWAY_BIN") or os.path.join(TOP, "build", "release")
DEV = os.environ.get("SLIPWAY_DEV") or os.path.join(TOP, "build", "dev")
DEEP = os.environ.get("SLIPWAY_DEEP") == "1"
REPO, ENVIRONMENT = "acme/shop", "production"
OPEN = ("waiting", "deploying")

_number = _bad = 0
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # so that `finally` ends what was started


def check(name, ok, detail=""):
    """A line of TAP. True if it is as it should be."""
    global _number, _bad
    _number += 1
    _bad += not ok
    print(f"{'ok' if ok else 'not ok'} {_number} - {name}", flush=True)
    if not ok:
        for line in str(detail).splitlines()[-40:]:
            print(f"# {line}", flush=True)
    return ok


def plan():
    """The last line of TAP; the exit code: 1 if anything is not as it should be."""
    print(f"1..{_number}", flush=True)
    return 1 if _bad else 0


def until(seconds, ask, every=0.05):
    """What `ask` gives as soon as it is true; its last answer when the time is over."""
    end = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < end:
        time.sleep(every)
    return answer


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def free_ports(n):
    """Below those that the system gives out: what connects while nobody listens there would meet itself, and keep the port.
    Several worlds are made at the same time, each begins to look elsewhere."""
    found, port = [], 10000 + os.getpid() % 900 * 10
    while len(found) < n:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            found.append(port)
        port += 1
    return found


# The application's database ---------------------------------------------------------------------------------------

class Postgres:
    """`host` is where its clients find it, as PGHOST; anybody is let in as `slipway`. No sync: it is never killed.

    WAIT is a statement that runs until the gate of the database `shop` is open: hold() and let_go()."""

    WAIT = "do $$ begin while (select closed from gate) loop perform pg_sleep(0.1); end loop; end $$"

    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
        if not found:
            sys.exit("Bail out! Debian's PostgreSQL is not here: apt-get install postgresql")
        self.bin, self.host = found[-1], folder
        self.run_as = []
        os.makedirs(folder)
        if os.geteuid() == 0:  # initdb refuses root
            user = next(u for u in ("postgres", "nobody") if _is_user(u))
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
            self.run_as = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups"]
        self._quiet([*self.run_as, f"{self.bin}/initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "slipway", "-E", "UTF8",
                     "--locale=C", "--no-sync"])
        self.process = subprocess.Popen(
            [*self.run_as, f"{self.bin}/postgres", "-D", f"{folder}/data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "max_wal_size=128MB", "-c", "log_connections=on", "-c", "log_disconnections=on", "-c", "log_line_prefix=%a %p "], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{folder}.log", "ab"))
        if not until(20, lambda: os.path.exists(f"{folder}/.s.PGSQL.5432") and self._is_up()):
            sys.exit("Bail out! PostgreSQL does not start: " + open(f"{folder}.log", encoding="utf-8").read())

    def _quiet(self, command):
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode != 0:
            sys.exit(f"Bail out! {' '.join(command)}: {done.stderr}")

    def _is_up(self):
        return self._psql("postgres", "select 1").returncode == 0

    def _psql(self, database, text):
        return subprocess.run([f"{self.bin}/psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-U", "slipway", "-d", database,
                               "-c", text], capture_output=True, text=True, check=False)

    def sql(self, text, database="shop"):
        """Rows, as lists of texts."""
        done = self._psql(database, text)
        if done.returncode != 0:
            raise RuntimeError(f"{text}: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def value(self, text, database="shop"):
        rows = self.sql(text, database)
        return rows[0][0] if rows else None

    def backends(self, like="slipway-%"):
        return int(self.value("select count(*) from pg_stat_activity where pid <> pg_backend_pid() and "
                              f"application_name like '{like}'"))

    def make_shop(self):
        self.sql("create database shop", "postgres")
        self.sql("create table gate (closed boolean); insert into gate values (false)")

    def hold(self):
        self.sql("update gate set closed = true")

    def let_go(self):
        """And wait until nobody runs it any more."""
        self.sql("update gate set closed = false")
        until(20, lambda: not self.waiting())

    def waiting(self):
        """Pids of backends at the gate."""
        return [int(row[0]) for row in self.sql("select pid from pg_stat_activity where query like '%select closed from gate%' "
                                                "and state = 'active' and pid <> pg_backend_pid()")]

    def end(self):
        self.process.send_signal(signal.SIGINT)  # setpriv became postgres: one process. Fast: sessions are ended
        self.process.wait()


def _is_user(name):
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False


# Where programs are killed ----------------------------------------------------------------------------------------

class Counter:
    """Boundaries of one program, counted over its restarts (struct counter in kill_at_preload.c)."""

    SIZE = 64

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(self.SIZE))
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), self.SIZE)

    def arm(self, k):
        """Dies at the k-th boundary from now on; 0 = nowhere."""
        self.memory[8:] = bytes(self.SIZE - 8)
        self.memory[:8] = struct.pack("=q", k)

    @property
    def left(self):
        return struct.unpack("=q", self.memory[:8])[0]

    @property
    def passed(self):
        return struct.unpack("=q", self.memory[8:16])[0]

    @property
    def where(self):
        return self.memory[16:].split(b"\0")[0].decode()


# The world --------------------------------------------------------------------------------------------------------

class World:
    def __init__(self, folder, jobs, hosts, roles, files, kill_at=False):
        self.folder, self.jobs, self.roles, self.kill_at = folder, jobs, roles, kill_at
        self.agents, self.counters, self.server = {}, {}, None
        os.makedirs(folder, exist_ok=True)
        self.webhooks, self.door, self.web = free_ports(3)
        write(f"{folder}/webhook-secret", os.urandom(32).hex(), 0o600)
        os.chmod(folder, 0o711)
        self._make_repository(files)
        write(f"{folder}/slipway.yml", self._configuration())
        if kill_at:
            self.counters["daemon"] = Counter(f"{folder}/kill.daemon")
        self.start_server()
        for host in hosts:
            self._add_host(host)
        for host in hosts:
            self.start_agent(host)
        if not until(20 + len(hosts) / 4, lambda: self.api("hosts").count('"online"') == len(hosts), 0.2):
            sys.exit(f"Bail out! not all agents are heard: {self.api('hosts')} {self.log('agent-' + hosts[0])}")

    def _configuration(self):
        return f"""version: 1
url: http://127.0.0.1:{self.web}
listen: {{ webhooks: "127.0.0.1:{self.webhooks}", agents: "127.0.0.1:{self.door}", web: "127.0.0.1:{self.web}", cli: cli.sock }}
state: state
mirror-roots: ["{self.folder}/hub/git"]
github: {{ webhook-secret-files: [webhook-secret] }}
rights: {{ view: [anyone] }}
repos:
  {REPO}:
    mirror: file://{self.folder}/hub/git/{REPO}.git
    root: /shop
    environments:
      {ENVIRONMENT}:
        on: release
        roles: {{ {', '.join(f"{r}: {{ agent: {{ hosts: [{', '.join(h)}] }} }}" for r, h in self.roles.items())} }}
    jobs:
{self.jobs}"""

    # Git and GitHub

    def _make_repository(self, files):
        home = f"{self.folder}/hub"
        os.makedirs(home)
        self.hub = fake_github.GitHub(home)
        self.hub.known.update(webhooks=f"http://127.0.0.1:{self.webhooks}/webhooks/github", pages="http://127.0.0.1:1",
                              secret_file=f"{self.folder}/webhook-secret")
        for path, text in files.items():
            write(f"{self.folder}/first/{path}", text, 0o755 if path.startswith("bin/") else 0o644)
        self.hub.repo(REPO, f"{self.folder}/first")
        self.work = self.hub.worktree(REPO)

    def commit(self, *commits):
        """One release for each set of files, pushed at once. The number of the last, as `r7`."""
        before = fake_github.git("rev-parse", "HEAD", cwd=self.work)
        for i, files in enumerate(commits):
            for path, text in files.items():
                write(f"{self.work}/{path}", text)
            fake_github.git("add", "-A", cwd=self.work)
            fake_github.git("commit", "-q", "--allow-empty", "-m", f"Change {i}", cwd=self.work)
        fake_github.git("push", "-q", "origin", "HEAD:main", cwd=self.work)
        after = fake_github.git("rev-parse", "HEAD", cwd=self.work)
        number = "r" + fake_github.git("rev-list", "--count", "--first-parent", "HEAD", cwd=self.work)
        with contextlib.redirect_stdout(io.StringIO()):
            self.hub.push_event(REPO, before, after, "ana")
        if not until(20, lambda: after in self.api("show", REPO, number), 0.1):
            sys.exit(f"Bail out! {number} is not seen: {self.log('slipwayd')}")
        return number

    # Programs

    def _spawn(self, name, *command):
        environment = dict(os.environ)
        if self.kill_at:
            counters = name.replace("agent-", "hosts/") + "/kill" if name != "slipwayd" else "kill"
            environment.update(LD_PRELOAD=f"{DEV}/tests/support/kill_at.so", KILL_AT=f"{self.folder}/{counters}")
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=open(f"{self.folder}/{name}.log", "ab"))

    def start_server(self):
        self.server = self._spawn("slipwayd", f"{BIN}/slipwayd", "--config", f"{self.folder}/slipway.yml", "--log", "text")
        if not until(20, lambda: self.server.poll() is not None or self.slipway("status", ok=None)):
            sys.exit(f"Bail out! slipwayd does not answer: {self.log('slipwayd')}")

    def _add_host(self, host):
        state = f"{self.folder}/hosts/{host}"
        os.makedirs(f"{state}/root", exist_ok=True)
        os.makedirs(f"{state}/agent", mode=0o700)
        if self.kill_at:
            for program in ("agent", "supervisor"):
                self.counters[host, program] = Counter(f"{state}/kill.{program}")
        line = self.slipway("activation", "create", "--name", host).split()
        subprocess.run([f"{BIN}/{line[0]}", *line[1:], "--state", f"{state}/agent"], check=True, stdout=subprocess.DEVNULL)
        with open(f"{state}/agent/agent.conf", encoding="utf-8") as f:
            kept = [text for text in f if not text.startswith("host-root")]
        write(f"{state}/agent/agent.conf", "".join(kept) + f"host-root = {state}/root\n", 0o600)

    def start_agent(self, host):
        self.agents[host] = self._spawn(f"agent-{host}", f"{BIN}/slipway-agent", "--state", f"{self.folder}/hosts/{host}/agent")

    def mend(self):
        """What was killed is started again, as systemd would."""
        if self.server.poll() is not None:
            self.start_server()
        for host, process in self.agents.items():
            if process.poll() is not None:
                self.start_agent(host)

    def kill(self, *pids):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it may have ended just now
                os.kill(pid, signal.SIGKILL)

    def processes(self, host, word):
        """Pids whose command line has this word, of what this host runs."""
        found = []
        for path in glob.glob("/proc/[0-9]*/environ"):
            with contextlib.suppress(OSError):
                pid = int(path.split("/")[2])
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace")
                with open(path, "rb") as f:
                    environment = f.read().decode(errors="replace")
                if word in line and f"{self.folder}/hosts/{host}/" in environment + line:
                    found.append(pid)
        return found

    def supervisors(self, host):
        return self.processes(host, "--supervise")

    def end(self):
        for process in [*self.agents.values(), self.server]:
            if process is not None and process.poll() is None:
                process.terminate()
        for process in [*self.agents.values(), self.server]:
            if process is not None:
                process.wait()

    def log(self, name):
        with open(f"{self.folder}/{name}.log", encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-40:])

    # Asking and acting

    def slipway(self, *words, ok=(0,)):
        """What it prints. Another exit code than these fails the test; None: any, and "" unless it went well."""
        done = subprocess.run([f"{BIN}/slipway", "--config", f"{self.folder}/slipway.yml", *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        if ok is None:
            return done.stdout if done.returncode == 0 else ""
        if done.returncode not in ok:
            raise RuntimeError(f"slipway {' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def refused(self, *words):
        """What it says when it does not do it; "" = it did."""
        done = subprocess.run([f"{BIN}/slipway", "--config", f"{self.folder}/slipway.yml", *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        return done.stdout + done.stderr if done.returncode != 0 else ""

    def api(self, *words):
        return self.slipway("--json", *words, ok=None)

    def release(self, number):
        self.slipway("release", REPO, number, ENVIRONMENT, "-m", "a test wants it")

    def deployment(self, number):
        """The newest one of that release; {} = there is none yet, or nobody answers."""
        text = self.api("show", REPO, number)
        return next(iter(json.loads(text)["deployments"]), {}) if text else {}

    def state(self, number):
        return self.deployment(number).get("state")

    def wait(self, number, states, seconds=60):
        until(seconds, lambda: self.state(number) in states, 0.1)
        return self.state(number)

    def database(self, name):
        text = self.api("migrate", "status", f"{REPO}/{ENVIRONMENT}/{name}")
        databases = json.loads(text) if text else {}
        return next(iter(databases.get("databases", databases.get("items", []))), {})

    def attempt(self, name="primary-db"):
        """The newest attempt of that database."""
        return next(iter(self.database(name).get("attempts", [])), {})

    def probe(self, name="primary-db", seconds=60):
        """Asked, and the answer waited for: the newest probe of the newest attempt."""
        def newest():
            return next(iter(self.attempt(name).get("probes", [])), {})  # of the last twenty
        before = newest().get("asked_at")
        self.slipway("migrate", "probe", f"{REPO}/{ENVIRONMENT}/{name}", ok=(0, 1, 2, 3, 4, 5, 6))

        def answer():
            probe = newest()
            return probe.get("asked_at") != before and probe.get("ended_at") and probe
        return until(seconds, answer, 0.1) or {}

    def started_twice(self):
        """I4: command ids with more than one `started` over all journals."""
        seen, twice = set(), set()
        for path in glob.glob(f"{self.folder}/hosts/*/agent/journal"):
            with open(path, encoding="utf-8", errors="replace") as f:
                for line in f:
                    if '"kind":"started"' in line:
                        command = line.split('"command":"')[1].split('"')[0]
                        (twice if command in seen else seen).add(command)
        return seen, twice
