"""A pool of signed deliveries, made before the clock runs.

Bodies are GitHub's own example payloads of pull requests (npm @octokit/webhooks-examples), moved into one
configured repository and filled to one size; what is larger than a pull request's text may be (65,536 characters) are
pushes of many commits, the one large thing that GitHub sends. Each body is a head that many share, and a tail of its own, with a time
that grows as GitHub's do: the HMAC of the head is made once and continued for each tail. So no body comes twice, and
wrk only writes a tail behind a head.

The file: a line with the number of heads; for each "EVENT LENGTH", the head, a line end; then a line "HEAD TAIL
SIGNATURE" for each body.
"""

import copy
import datetime
import hashlib
import hmac
import json
import random

REPOSITORY = "acme/shop"
TEXT_MAX = 65536  # characters in the text of a pull request
REPOSITORY_ID = 640000001
PULLS = 50
TAIL = 53  # ,"sent_at":"2026-11-24T02:30:05Z","n":"0123456789ab"}
BEGINNING = datetime.datetime(2026, 11, 24)  # a thousand bodies in each second from here on
WORDS = "the price of a coupon is rounded once in the basket and not again when the order is shown to people".split()


def examples(modules):
    with open(f"{modules}/@octokit/webhooks-examples/api.github.com/index.json", encoding="utf-8") as file:
        events = json.load(file)
    wanted = [p for e in events if e["name"] == "pull_request" for p in e["examples"]
              if p.get("action") in ("opened", "synchronize", "labeled", "assigned", "review_requested", "closed")
              and not p["pull_request"].get("merged")]
    return sorted(wanted, key=lambda p: json.dumps(p, sort_keys=True))


def text(dice, n):
    words = ""
    while len(words) < n:
        words += dice.choice(WORDS) + " "
    return words[:n]


def head(example, number, size, dice):
    """A body up to its tail: `size` bytes together."""
    body = copy.deepcopy(example)
    body["repository"].update(id=REPOSITORY_ID, full_name=REPOSITORY, name="shop")
    body["number"] = number
    pull = body["pull_request"]
    pull.update(number=number, id=7_000_000 + number, body="")
    pull["base"]["ref"] = "main"
    for end in ("base", "head"):
        if pull[end].get("repo"):
            pull[end]["repo"].update(id=REPOSITORY_ID, full_name=REPOSITORY, name="shop")
    short = len(json.dumps(body, separators=(",", ":"))) - 1 + TAIL
    pull["body"] = text(dice, max(0, size - short))
    return json.dumps(body, separators=(",", ":"))[:-1].encode()


def push_examples(modules):
    with open(f"{modules}/@octokit/webhooks-examples/api.github.com/index.json", encoding="utf-8") as file:
        events = json.load(file)
    pushes = [p for e in events if e["name"] == "push" for p in e["examples"] if p["commits"]]
    return sorted(pushes, key=lambda p: json.dumps(p, sort_keys=True))


def commit(example, at, dice):
    """Another commit like that one: what differs in each differs here, too."""
    made = copy.deepcopy(example)
    sha = f"{dice.getrandbits(160):040x}"
    stamp = f"{at.isoformat()}+09:00"
    files = [f"app/views/{dice.choice(WORDS)}/{dice.choice(WORDS)}_{dice.randrange(100)}.html.erb" for _ in range(dice.randrange(1, 5))]
    made.update(id=sha, tree_id=f"{dice.getrandbits(160):040x}", message=text(dice, dice.randrange(20, 200)), timestamp=stamp,
                url=f"https://github.com/{REPOSITORY}/commit/{sha}", added=[], modified=files)
    return made


def push_head(example, number, size, dice):
    """A push of as many commits to a branch as fit into `size` bytes, up to its tail."""
    body = copy.deepcopy(example)
    body["repository"].update(id=REPOSITORY_ID, full_name=REPOSITORY, name="shop")
    body["ref"] = f"refs/heads/topic-{number}"
    like = body["commits"][0]
    body["commits"] = []
    left = size - TAIL + 1 - len(json.dumps(body, separators=(",", ":"))) - 2000
    while left > 0:
        made = commit(like, BEGINNING - datetime.timedelta(minutes=len(body["commits"])), dice)
        left -= len(json.dumps(made, separators=(",", ":"))) + 1
        body["commits"].append(made)
    body["commits"][-1]["message"] = ""
    body["commits"][-1]["message"] = text(dice, size - TAIL + 1 - len(json.dumps(body, separators=(",", ":"))))
    return json.dumps(body, separators=(",", ":"))[:-1].encode()


def heads(modules, size, n):
    """(event, body up to its tail)"""
    dice = random.Random(7)
    if size > TEXT_MAX:
        found = push_examples(modules)
        return [("push", push_head(found[i % len(found)], i + 1, size, dice)) for i in range(n)]
    found = [e for e in examples(modules) if len(json.dumps(e, separators=(",", ":"))) < size - 100]
    return [("pull_request", head(found[i % len(found)], i // 4 + 1, size, dice)) for i in range(n)]


def write(path, modules, secret, size, count, few=False):
    texts = heads(modules, size, 4 if few else 4 * PULLS)
    begun = [hmac.new(secret, t, hashlib.sha256) for _, t in texts]
    with open(path, "wb") as file:
        file.write(b"%d\n" % len(texts))
        for event, t in texts:
            file.write(b"%s %d\n%s\n" % (event.encode(), len(t), t))
        for i in range(count):
            at = BEGINNING + datetime.timedelta(seconds=i // 1000)
            tail = b',"sent_at":"%sZ","n":"%012x"}' % (at.isoformat().encode(), i)
            mac = begun[i % len(texts)].copy()
            mac.update(tail)
            file.write(b"%d %s %s\n" % (i % len(texts), tail, mac.hexdigest().encode()))
