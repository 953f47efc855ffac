"""A slipwayd with roles by ssm, a double of AWS in front of it, and a double of GitHub whose pull requests are merged."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

from aws_double import KEY_ID, REGION, SECRET, AwsDouble
from aws_world import World, bin_, top
from real_world import Counter

HOSTS = [f"i-0aaaaaaaaaaaaaaa{n}" for n in (1, 2, 3)]


class SsmWorld(World):
    """`jobs`: of acme/site, whose environment production is on merge; {folder} is the world's own. `kill_at`: the server dies where
    `counter` says (kill_at_preload.c)."""

    def __init__(self, name, jobs, kill_at=False):
        super().__init__(name, """metrics-from: ["127.0.0.1"]
aws: { region: REGION, endpoint: "http://127.0.0.1:PORT" }
repos:
  acme/site:
    mirror: file://{folder}/hub/git/acme/site.git
    root: /site
    environments:
      production: { on: merge, roles: { web: { ssm: { tags: { Role: web } } } } }
    jobs:
""".replace("REGION", REGION) + jobs)
        self.aws = AwsDouble(f"{self.folder}/aws", once=os.path.join(bin_, "slipway-once"))
        with open(self.config, encoding="utf-8") as f:
            text = f.read().replace("PORT", str(self.aws.port))
        self.write("slipway.yml", text)
        self.keys = tempfile.mkdtemp(prefix="slipway-aws-keys-")  # no folder of the server's: its cage has to know of it
        with open(f"{self.keys}/credentials", "w", encoding="utf-8") as f:
            f.write(f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{self.keys}/credentials"
        self.pulls = 0
        self.counter = Counter(f"{self.folder}/kill.daemon") if kill_at else None
        for host in HOSTS:
            made = self.aws.host(host, {"Role": "web"})
            made.environment["SLIPWAY_HOST_ROOT"] = made.folder
        os.makedirs(f"{self.folder}/site")
        self.write("site/page.html", "0")
        webhooks = re.search(r"webhooks: .127.0.0.1:([0-9]+)", text).group(1)
        self.github("setup", "--webhooks", f"http://127.0.0.1:{webhooks}/webhooks/github", "--secret-file", f"{self.folder}/secret")
        self.github("repo", "acme/site", "--from", f"{self.folder}/site")

    def github(self, *args):
        subprocess.run([sys.executable, f"{top}/tests/support/fake_github.py", "--home", f"{self.folder}/hub", *args], check=True,
                       capture_output=True)

    def start(self, *options):
        if self.counter:
            os.environ.update(LD_PRELOAD=f"{top}/build/dev/tests/support/kill_at.so", KILL_AT=f"{self.folder}/kill")
        super().start(*options)
        for name in ("LD_PRELOAD", "KILL_AT"):
            os.environ.pop(name, None)

    def begin(self):
        """It serves, and knows hosts and a first release."""
        self.start()
        return self.wait(lambda: self.slipway("hosts").count(" online ") == 3 and "r1" in self.slipway("releases", "acme/site"))

    def merge(self):
        """A pull request, merged: the number of its release."""
        self.pulls += 1
        self.github("open", "acme/site", "--title", f"Change {self.pulls}", "--set",
                    f"page.html={self.write('page.html', str(self.pulls))}")
        self.github("merge", "acme/site", str(self.pulls))
        return f"r{self.pulls + 1}"

    @staticmethod
    def wait(function, seconds=25):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if function():
                    return True
            except RuntimeError:
                pass
            time.sleep(0.05)
        return False

    def show(self, release):
        return self.slipway("show", "acme/site", release)

    def state(self, release):
        found = json.loads(self.slipway("--json", "show", "acme/site", release))["deployments"]
        return found[0]["state"] if found else "none"

    def ends(self, release, *states):
        self.wait(lambda: self.state(release) in ("succeeded", "attention", "failed", "cancelled"), 40)
        return self.state(release) in states

    def lines(self, name):
        try:
            with open(f"{self.folder}/{name}", encoding="utf-8") as f:
                return sorted(f.read().split("\n")[:-1])
        except FileNotFoundError:
            return []

    def doctor(self):
        return subprocess.run([os.path.join(bin_, "slipway"), "--config", self.config, "doctor"], capture_output=True, text=True,
                              timeout=30, check=False).stdout

    def calls(self, call, outcome):
        """How many questions to AWS ended so, as the server counts them."""
        with open(self.config, encoding="utf-8") as f:
            web = re.search(r'web: "([0-9.:]+)"', f.read()).group(1)
        with urllib.request.urlopen(f"http://{web}/metrics", timeout=10) as page:
            found = re.search(f'slipway_aws_calls_total{{call="{call}",outcome="{outcome}"}} ([0-9]+)', page.read().decode())
        return int(found.group(1)) if found else 0

    def comments(self):
        """Of all that AWS took, each as often as it did."""
        return sorted(c["Comment"] for c in self.aws.sent())

    def end(self):
        super().end()
        self.aws.close()
        shutil.rmtree(self.keys)
