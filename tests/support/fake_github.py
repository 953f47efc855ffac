#!/usr/bin/env python3
"""A double of GitHub, as far as webhooks and git go: real git repositories, pull requests that are
opened and merged in them by git itself, and signed deliveries about it.

The demo and the process tests use it. It keeps everything in one folder (--home): `git/OWNER/NAME.git`
are the repositories that mirrors fetch from, `github.json` is what it knows. `serve` shows pull requests
as small pages, so that links lead somewhere.

    fake_github.py --home DIR setup --webhooks URL --secret-file F --pages URL
    fake_github.py --home DIR repo acme/site --from FOLDER
    fake_github.py --home DIR open acme/site --title T --author LOGIN --set PATH=FILE ...
    fake_github.py --home DIR merge acme/site NUMBER [--method merge|squash|rebase]
    fake_github.py --home DIR deliver EVENT --payload FILE [--guid G] [--form] [--secret TEXT]
    fake_github.py --home DIR serve --port N

With --missed nobody is reached: what was to be delivered two minutes ago stands in the list of deliveries only. What
`serve` answers under /repos/ is the REST API as far as that list and pull requests go, for whoever has a token.

The payload shapes are GitHub's (docs of webhook events and payloads); tests/unit/test_event and the
examples of npm @octokit/webhooks-examples hold the reader to the real ones.
"""
import argparse
import hashlib
import hmac
import html
import http.client
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

ZERO = "0" * 40
HOOK = 412
HOOK_FIRST = 33535994659  # ids of deliveries are long past 2^31


def git(*args, cwd=None, date=None):
    env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null",
               GIT_AUTHOR_NAME="Sato Mika", GIT_AUTHOR_EMAIL="mika@acme.example",
               GIT_COMMITTER_NAME="GitHub", GIT_COMMITTER_EMAIL="noreply@github.com")
    if date:
        env.update(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    done = subprocess.run(["git", *args], cwd=cwd, env=env, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"git {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout.strip()


def instant():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class GitHub:
    def __init__(self, home):
        self.home = os.path.abspath(home)
        self.path = os.path.join(self.home, "github.json")
        self.log = os.path.join(self.home, "deliveries.jsonl")
        self.missed = False
        self.known = {"repos": {}, "people": {}}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as f:
                self.known = json.load(f)

    def save(self):
        with open(self.path + ".new", "w", encoding="utf-8") as f:
            json.dump(self.known, f, indent=1, ensure_ascii=False)
        os.replace(self.path + ".new", self.path)

    # What payloads are made of -------------------------------------------------------------------

    def person(self, login):
        people = self.known["people"]
        people.setdefault(login, 583000000 + len(people))
        return {"login": login, "id": people[login], "node_id": f"U_{login}", "type": "User",
                "site_admin": False, "url": f"https://api.github.com/users/{login}",
                "html_url": f"https://github.com/{login}"}

    def repository(self, name):
        owner, short = name.split("/")
        repo = self.known["repos"][name]
        return {"id": repo["id"], "node_id": f"R_{repo['id']}", "name": short, "full_name": name,
                "private": True, "owner": {"login": owner, "id": 9919, "type": "Organization"},
                "html_url": f"{self.known['pages']}/{name}", "fork": False,
                "url": f"https://api.github.com/repos/{name}", "created_at": "2026-01-05T01:00:00Z",
                "updated_at": instant(), "pushed_at": instant(), "default_branch": "main",
                "visibility": "private", "archived": False, "disabled": False}

    def pull_request(self, name, number):
        pull = self.known["repos"][name]["pulls"][str(number)]
        repository = self.repository(name)
        owner = name.split("/")[0]
        base = {"ref": "main", "sha": pull["base_sha"], "label": f"{owner}:main",
                "user": repository["owner"], "repo": repository}
        head = {"ref": pull["branch"], "sha": pull["head_sha"], "label": f"{owner}:{pull['branch']}",
                "user": repository["owner"], "repo": repository}
        merged = pull["state"] == "merged"
        return {"id": 2100000000 + repository["id"] % 1000 * 1000 + int(number),
                "node_id": f"PR_{number}", "number": int(number),
                "state": "open" if pull["state"] == "open" else "closed", "locked": False,
                "title": pull["title"], "body": pull.get("body"), "user": self.person(pull["author"]),
                "labels": [{"id": 1, "name": label, "color": "ededed"} for label in pull["labels"]],
                "created_at": pull["created_at"], "updated_at": pull["updated_at"],
                "closed_at": pull.get("closed_at"), "merged_at": pull.get("merged_at"),
                "merge_commit_sha": pull.get("merge_sha"), "draft": False, "merged": merged,
                "merged_by": self.person(pull["merged_by"]) if merged else None,
                "html_url": f"{self.known['pages']}/{name}/pull/{number}",
                "url": f"https://api.github.com/repos/{name}/pulls/{number}",
                "assignee": None, "assignees": [], "requested_reviewers": [], "requested_teams": [],
                "milestone": None, "head": head, "base": base, "author_association": "MEMBER",
                "auto_merge": None, "active_lock_reason": None, "mergeable": None, "rebaseable": None,
                "mergeable_state": "unknown", "comments": 0, "review_comments": 0,
                "maintainer_can_modify": False, "commits": 1, "additions": 1, "deletions": 0,
                "changed_files": pull["changed_files"]}

    # Deliveries ----------------------------------------------------------------------------------

    def deliver(self, event, payload, guid=None, form=False, secret=None, quiet=False):
        """Send one delivery. Returns the status; 0 = nobody answered."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        if form:
            body = urllib.parse.urlencode({"payload": body.decode()}).encode()
        if secret is None:
            with open(self.known["secret_file"], "rb") as f:
                secret = f.read().rstrip(b"\n")
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
        target = urllib.parse.urlsplit(self.known["webhooks"])
        guid = guid or str(uuid.uuid4())
        headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
                   "User-Agent": "GitHub-Hookshot/044aadd", "Accept": "*/*", "X-GitHub-Event": event,
                   "X-GitHub-Delivery": guid, "X-GitHub-Hook-ID": str(HOOK),
                   "X-GitHub-Hook-Installation-Target-Type": "repository",
                   "X-Hub-Signature-256": f"sha256={signature}"}
        began = time.monotonic()
        if self.missed:
            self.note(guid, event, payload, 502, 120)
            return 0
        try:
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=10)
            connection.request("POST", target.path, body, headers)
            status = connection.getresponse().status
            connection.close()
        except OSError:
            status = 0
        self.note(guid, event, payload, status, 0)
        if not quiet:
            action = payload.get("action") if isinstance(payload, dict) else None
            print(f"{event}{'.' + action if action else ''} {status} "
                  f"{(time.monotonic() - began) * 1000:.0f} ms {guid}", flush=True)
        return status

    def note(self, guid, event, payload, status, seconds_ago):
        """The list of deliveries, one line each, oldest first."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds_ago))
        if isinstance(payload, bytes):
            try:
                payload = json.loads(payload)
            except ValueError:
                payload = {}
        with open(self.log, "a", encoding="utf-8") as f:
            f.write(json.dumps({"guid": guid, "delivered_at": at, "redelivery": False, "duration": 0.1,
                                "status": "OK" if status == 202 else "Failed", "status_code": status or 502,
                                "event": event, "action": payload.get("action"), "payload": payload}) + "\n")

    def noted(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as f:
            return [{"id": HOOK_FIRST + i, **json.loads(line)} for i, line in enumerate(f)]

    def pull_event(self, action, name, number, sender, **more):
        return self.deliver("pull_request", {
            "action": action, "number": int(number), "pull_request": self.pull_request(name, number),
            "repository": self.repository(name), "sender": self.person(sender), **more})

    def push_event(self, name, before, after, sender, forced=False):
        bare = self.bare(name)
        commits = []
        # All that came, also from behind a merge; `username` where GitHub knows whose the address is.
        for line in git("log", "--reverse", "--max-count=20", "--format=%H%x09%T%x09%an%x09%ae%x09%s",
                        *([after, "^" + before] if before.strip("0") else ["-1", after]), cwd=bare).splitlines():
            commit, tree, who, email, subject = line.split("\t", 4)
            login = {"mika": "sato-mika"}.get(email.split("@")[0], email.split("@")[0])
            commits.append({"id": commit, "tree_id": tree, "distinct": True, "message": subject, "timestamp": instant(),
                            "author": {"name": who, "email": email, "username": login},
                            "committer": {"name": "GitHub", "email": "noreply@github.com"},
                            "added": [], "removed": [], "modified": []})
        repository = dict(self.repository(name), created_at=1767574800, pushed_at=int(time.time()))
        return self.deliver("push", {
            "ref": "refs/heads/main", "before": before, "after": after, "created": False,
            "deleted": False, "forced": forced, "base_ref": None,
            "compare": "", "commits": commits, "head_commit": commits[-1] if commits else None, "repository": repository,
            "pusher": {"name": sender, "email": f"{sender}@acme.example"},
            "sender": self.person(sender)})

    # Repositories and pull requests --------------------------------------------------------------

    def bare(self, name):
        return os.path.join(self.home, "git", name + ".git")

    def worktree(self, name):
        folder = tempfile.mkdtemp(dir=self.home, prefix="work-")
        git("clone", "-q", self.bare(name), folder)
        return folder

    def repo(self, name, source):
        bare = self.bare(name)
        os.makedirs(bare)
        git("init", "-q", "--bare", "-b", "main", bare)
        # What GitHub allows: any reachable commit may be asked for by its id.
        git("config", "uploadpack.allowReachableSHA1InWant", "true", cwd=bare)
        work = tempfile.mkdtemp(dir=self.home, prefix="work-")
        git("init", "-q", "-b", "main", work)
        shutil.copytree(source, work, dirs_exist_ok=True, symlinks=True)
        git("add", "-A", cwd=work)
        git("commit", "-q", "-m", "First version", cwd=work)
        git("push", "-q", bare, "main", cwd=work)
        shutil.rmtree(work)
        self.known["repos"][name] = {"id": 640000000 + len(self.known["repos"]) + 1, "pulls": {}}
        self.save()

    def open(self, name, title, author, changes, labels=()):
        repo = self.known["repos"][name]
        number = len(repo["pulls"]) + 1
        branch = f"change-{number}"
        work = self.worktree(name)
        git("checkout", "-q", "-b", branch, cwd=work)
        for change in changes:
            path, source = change.split("=", 1)
            target = os.path.join(work, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
        git("add", "-A", cwd=work)
        git("commit", "-q", "-m", title, cwd=work)
        git("push", "-q", "origin", branch, cwd=work)
        now = instant()
        repo["pulls"][str(number)] = {
            "title": title, "author": author, "branch": branch, "state": "open", "labels": list(labels),
            "base_sha": git("rev-parse", "origin/main", cwd=work),
            "head_sha": git("rev-parse", "HEAD", cwd=work), "created_at": now, "updated_at": now,
            "changed_files": len(changes)}
        shutil.rmtree(work)
        self.save()
        self.pull_event("opened", name, number, author)
        return number

    def merge(self, name, number, by, method="merge"):
        pull = self.known["repos"][name]["pulls"][str(number)]
        work = self.worktree(name)
        before = git("rev-parse", "HEAD", cwd=work)
        head = f"origin/{pull['branch']}"
        if method == "squash":
            git("merge", "-q", "--squash", head, cwd=work)
            git("commit", "-q", "-m", f"{pull['title']} (#{number})", cwd=work)
        elif method == "rebase":
            git("checkout", "-q", "-B", "rebased", head, cwd=work)
            git("rebase", "-q", "main", cwd=work)
            git("checkout", "-q", "main", cwd=work)
            git("merge", "-q", "--ff-only", "rebased", cwd=work)
        else:
            git("merge", "-q", "--no-ff", head, "-m",
                f"Merge pull request #{number} from {pull['branch']}\n\n{pull['title']}", cwd=work)
        after = git("rev-parse", "HEAD", cwd=work)
        git("push", "-q", "origin", "main", cwd=work)
        shutil.rmtree(work)
        now = instant()
        pull.update(state="merged", merge_sha=after, merged_by=by, merged_at=now, closed_at=now,
                    updated_at=now)
        self.save()
        self.pull_event("closed", name, number, by)
        self.push_event(name, before, after, by)
        return after

    # The REST API --------------------------------------------------------------------------------

    def api(self, path, query):
        """What GET answers: the value, None for 404; and what a Link header would lead to."""
        parts = path.strip("/").split("/")
        name = "/".join(parts[1:3])
        if parts[0] != "repos" or name not in self.known["repos"]:
            return None, None
        pulls = self.known["repos"][name]["pulls"]
        per = int(query.get("per_page", ["30"])[0])
        if parts[3:] == ["pulls"]:
            page = int(query.get("page", ["1"])[0])
            found = sorted((self.pull_request(name, n) for n in pulls), key=lambda p: p["updated_at"], reverse=True)
            gone = ("merged", "merged_by", "changed_files")  # only one pull request alone has them
            return [{k: v for k, v in p.items() if k not in gone} for p in found[(page - 1) * per:page * per]], None
        if len(parts) == 5 and parts[3] == "pulls":
            return (self.pull_request(name, parts[4]) if parts[4] in pulls else None), None
        if parts[3:] == ["hooks"]:
            return [{"type": "Repository", "id": HOOK, "name": "web", "active": True, "events": ["*"],
                     "config": {"content_type": "json", "url": self.known["webhooks"]}}], None
        if parts[3:6] == ["hooks", str(HOOK), "deliveries"] and len(parts) == 7:
            for d in self.noted():
                if str(d["id"]) == parts[6]:
                    return {**d, "request": {"headers": {"X-GitHub-Event": d["event"]}, "payload": d["payload"]}}, None
            return None, None
        if parts[3:] == ["hooks", str(HOOK), "deliveries"]:
            below = int(query.get("cursor", ["v1_" + str(1 << 60)])[0][3:])
            found = [d for d in reversed(self.noted()) if d["id"] < below]
            more = f"/{'/'.join(parts)}?per_page={per}&cursor=v1_{found[per - 1]['id']}" if len(found) > per else None
            return [{k: v for k, v in d.items() if k != "payload"} for d in found[:per]], more
        return None, None

    # Pages ---------------------------------------------------------------------------------------

    def serve(self, port):
        home = self.home

        class Page(http.server.BaseHTTPRequestHandler):
            def do_api(self, hub):
                url = urllib.parse.urlsplit(self.path)
                token = self.headers.get("Authorization", "")
                value, more = hub.api(url.path, urllib.parse.parse_qs(url.query))
                status = 401 if not token.startswith("Bearer ") else 404 if value is None else 200
                body = json.dumps(value if status == 200 else {"message": "Not Found"}).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                if more:
                    self.send_header("Link", f'<http://{self.headers["Host"]}{more}>; rel="next"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body)

            def do_GET(self):
                hub = GitHub(home)
                if self.path.startswith("/repos/"):
                    return self.do_api(hub)
                parts = self.path.split("?")[0].strip("/").split("/")
                pull = None
                if len(parts) == 4 and parts[2] == "pull":
                    repo = hub.known["repos"].get("/".join(parts[:2]), {"pulls": {}})
                    pull = repo["pulls"].get(parts[3])
                text = "no such pull request"
                if pull:
                    text = (f"<h1>{html.escape(pull['title'])} #{parts[3]}</h1>"
                            f"<p>{html.escape(pull['state'])} · {html.escape(pull['author'])} · "
                            f"<code>{pull.get('merge_sha', pull['head_sha'])[:7]}</code></p>")
                body = f"<!doctype html><meta charset=utf-8><title>GitHub (double)</title>{text}".encode()
                self.send_response(200 if pull else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                return self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass  # whoever asked is gone: the tests kill it

        Server(("127.0.0.1", port), Page).serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--home", required=True)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("setup")
    verb.add_argument("--webhooks", required=True)
    verb.add_argument("--secret-file", required=True)
    verb.add_argument("--pages", default="http://127.0.0.1:8710")
    verb = verbs.add_parser("repo")
    verb.add_argument("name")
    verb.add_argument("--from", dest="source", required=True)
    verb = verbs.add_parser("open")
    verb.add_argument("--missed", action="store_true")
    verb.add_argument("name")
    verb.add_argument("--title", required=True)
    verb.add_argument("--author", default="sato-mika")
    verb.add_argument("--set", dest="changes", action="append", default=[], metavar="PATH=FILE")
    verb.add_argument("--label", dest="labels", action="append", default=[])
    verb = verbs.add_parser("merge")
    verb.add_argument("--missed", action="store_true")
    verb.add_argument("name")
    verb.add_argument("number", type=int)
    verb.add_argument("--by", default="ana")
    verb.add_argument("--method", choices=["merge", "squash", "rebase"], default="merge")
    verb = verbs.add_parser("deliver")
    verb.add_argument("--missed", action="store_true")
    verb.add_argument("event")
    verb.add_argument("--payload", required=True)
    verb.add_argument("--guid")
    verb.add_argument("--form", action="store_true")
    verb.add_argument("--secret")
    verb = verbs.add_parser("serve")
    verb.add_argument("--port", type=int, required=True)
    args = parser.parse_args()

    os.makedirs(args.home, exist_ok=True)
    hub = GitHub(args.home)
    hub.missed = getattr(args, "missed", False)
    if args.verb == "setup":
        hub.known.update(webhooks=args.webhooks, secret_file=os.path.abspath(args.secret_file),
                         pages=args.pages)
        hub.save()
    elif args.verb == "repo":
        hub.repo(args.name, args.source)
    elif args.verb == "open":
        print(hub.open(args.name, args.title, args.author, args.changes, args.labels))
    elif args.verb == "merge":
        print(hub.merge(args.name, args.number, args.by, args.method))
    elif args.verb == "deliver":
        with open(args.payload, "rb") as f:
            status = hub.deliver(args.event, f.read(), args.guid, args.form,
                                 args.secret.encode() if args.secret else None)
        sys.exit(0 if status == 202 or args.missed else 1)
    else:
        hub.serve(args.port)


if __name__ == "__main__":
    main()
