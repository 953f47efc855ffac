"""A slipwayd of its own and AWS' clients in front of it, for process tests: Debian's awscli and boto3, always with an
explicit endpoint, in a network that has nothing but loopback. `begin()` first, before anything else is imported."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

top = os.environ.get("SLIPWAY_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
bin_ = os.environ.get("SLIPWAY_BIN") or os.path.join(top, "build", "release")


def alone():
    """Again, with no route out."""
    if os.environ.get("SLIPWAY_ALONE") in ("1", "no"):
        return
    os.environ["SLIPWAY_ALONE"] = "1"
    inside = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$0" "$@"', sys.executable, *sys.argv]
    if os.system("unshare -rn true 2>/dev/null") == 0:
        os.execvp("unshare", inside)
    os.environ["SLIPWAY_ALONE"] = "no"  # this machine does not let anybody make a network of his own


def routes_out():
    """Routes that leave the machine; none where a network of one's own may be made."""
    if os.environ["SLIPWAY_ALONE"] != "1":
        return []
    with open("/proc/net/route", encoding="ascii") as f:
        return [line for line in f.read().splitlines()[1:] if not line.startswith("lo")]


alone()
for _name in list(os.environ):
    if _name.lower().endswith("_proxy") or _name.startswith("AWS_"):
        del os.environ[_name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_DEFAULT_REGION="us-east-1", AWS_MAX_ATTEMPTS="1", AWS_PAGER="")
node = shutil.which("node")
os.environ["PATH"] = "/usr/bin:/bin"  # Debian's own clients

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import botocore.exceptions  # noqa: E402

number = 0


def check(name, ok, detail=""):
    global number
    number += 1
    print(f"{'ok' if ok else 'not ok'} {number} - {name}", flush=True)
    if not ok:
        print(f"# {detail}", flush=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class World:
    """`config`: the text behind `rights:`; {folder} is the world's own."""

    def __init__(self, name, config):
        self.folder = tempfile.mkdtemp(prefix=f"{name}-")
        os.environ["HOME"] = self.folder  # no configuration of anybody
        self.agents = free_port()
        self.endpoint = f"http://127.0.0.1:{self.agents}"
        self.write("secret", "0123456789abcdef0123456789abcdef")
        self.config = self.write("slipway.yml", f"""version: 1
listen: {{ webhooks: "127.0.0.1:{free_port()}", agents: "127.0.0.1:{self.agents}", web: "127.0.0.1:{free_port()}", cli: cli.sock }}
state: state
mirror-roots: [{self.folder}]
github: {{ webhook-secret-files: [secret] }}
rights: {{ view: [anyone] }}
""" + config.replace("{folder}", self.folder))
        self.server = None

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def slipway(self, *args):
        r = subprocess.run([os.path.join(bin_, "slipway"), "--config", self.config, *args], capture_output=True, text=True,
                           timeout=30)
        if r.returncode != 0:
            raise RuntimeError(f"slipway {args}: {r.stderr}")
        return r.stdout

    def start(self, *options):
        self.server = subprocess.Popen([os.path.join(bin_, "slipwayd"), "--config", self.config, *options],
                                       stderr=open(os.path.join(self.folder, "log"), "a", encoding="utf-8"))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.agents)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(open(os.path.join(self.folder, "log"), encoding="utf-8").read())

    def kill(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def end(self):
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
        if number and os.environ.get("SLIPWAY_KEEP") != "1":
            shutil.rmtree(self.folder)

    def key(self, *args):
        lines = dict(line.split("=", 1) for line in self.slipway("key", "add", *args).split())
        return lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"]


def client(endpoint, pair, **more):
    return boto3.client("ssm", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=pair[0],
                        aws_secret_access_key=pair[1], config=botocore.config.Config(retries={"total_max_attempts": 1}), **more)


def refused(call, code, words=""):
    try:
        call()
    except botocore.exceptions.ClientError as e:
        return e.response["Error"]["Code"] == code and words in e.response["Error"]["Message"]
    return False


def aws(endpoint, pair, *args, **env):
    return subprocess.run(["aws", "ssm", "--endpoint-url", endpoint, "--output", "json", *args], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "AWS_ACCESS_KEY_ID": pair[0], "AWS_SECRET_ACCESS_KEY": pair[1], **env})


def settle(c, command, host, plugin=None, seconds=20):
    """The invocation once it has ended, or as it is when that takes too long."""
    more = {"PluginName": plugin} if plugin else {}
    until = time.monotonic() + seconds
    while True:
        i = c.get_command_invocation(CommandId=command, InstanceId=host, **more)
        if i["Status"] not in ("Pending", "InProgress", "Delayed", "Cancelling") or time.monotonic() > until:
            return i
        time.sleep(0.05)
