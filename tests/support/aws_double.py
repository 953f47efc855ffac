"""AWS' Run Command as far as the `ssm` transport asks it (ssm-wire.md 3-6, 13), and the ways in which it may misbehave.

Hosts are folders with real shells: a script runs as a process group of its own, as root's would, with a slipway-once of the
build beside it. Signatures are checked here by a few lines of their own. In a Python test: `AwsDouble(folder)`; from elsewhere
`aws_double.py FOLDER` prints its port, and `POST /control` with {"verb": ..., ...} turns what `control()` knows.

    double.host("i-0...1", {"Role": "web"})         a host that is online; .once(id, key, store) sets slipway-once up on it
    double.fates.append({"answer": "lost"})         how the next SendCommand goes:
        answer     ok | lost (the connection ends) | 500 | throttle | denied
        accepted   whether it was taken all the same; by default of ok and lost
        times      how often the script runs (1); 2: at once and beside each other, or {"again_s": N} later
        late_s     so long before it runs
        ends       DeliveryTimedOut | Undeliverable | Terminated: AWS says so, and nothing ran; with "runs": true it did
        killed_s   the script is ended after so long, as by its executionTimeout
        deaf       a cancel does not reach it: it goes on to its end
        says       a status that nobody knows, until it has ended
    double.failing["ListCommandInvocations"] = "500"    each call of that operation, until it is taken away
    double.slow_s = 3                                   the next SendCommand is taken at once, and answered so much later
    double.hidden_s = 30                                nothing of a command is listed for so long
"""
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import datetime, timezone

KEY_ID, SECRET, REGION = "AKIDEXAMPLEEXAMPLE00", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"
OUT_MAX, ERR_MAX, BOTH_MAX, CONTENT_MAX = 24000, 8000, 2500, 64 * 1024


class Refused(Exception):
    def __init__(self, code, text="", status=400):
        super().__init__(code)
        self.code, self.text, self.status = code, text, status


class Lost(Exception):
    """The connection ends where the answer would be."""


def sign(secret, date, region, text):
    key = ("AWS4" + secret).encode()
    for part in (date, region, "ssm", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def check_signature(headers, body):
    """ssm-wire.md 2.1; raises what AWS would."""
    m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/ssm/aws4_request, ?SignedHeaders=([^,]+), ?"
                     r"Signature=([0-9a-f]{64})", headers.get("Authorization", ""))
    if not m:
        raise Refused("IncompleteSignatureException" if headers.get("Authorization") else "MissingAuthenticationTokenException")
    key_id, date, region, names, signature = m.groups()
    names = names.split(";")
    at = headers.get("X-Amz-Date", "")
    if not {"host", "x-amz-date", "x-amz-target"} <= set(names) or not at.startswith(date):
        raise Refused("InvalidSignatureException", "signed headers")
    if key_id != KEY_ID:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if region != REGION:
        raise Refused("InvalidSignatureException", f"Credential should be scoped to a valid region, not '{region}'.")
    age = time.time() - datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    if abs(age) > 300:
        raise Refused("InvalidSignatureException", "Signature expired")
    canonical = "\n".join(["POST", "/", ""] + [f"{n}:{' '.join(headers.get(n, '').split())}" for n in names] +
                          ["", ";".join(names), hashlib.sha256(body).hexdigest()])
    scope = f"{date}/{region}/ssm/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    if not hmac.compare_digest(sign(SECRET, date, region, text), signature):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match")


class Host:
    def __init__(self, double, id_, tags):
        self.id, self.tags, self.online = id_, tags, True
        self.folder = os.path.join(double.folder, id_)
        for name in ("bin", "run", "home"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        self.environment = {"PATH": f"{self.folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                            "AWS_SSM_INSTANCE_ID": id_, "AWS_SSM_REGION_NAME": REGION,
                            "AWS_SSM_PLATFORM_NAME": "Debian GNU/Linux", "AWS_SSM_PLATFORM_VERSION": "12",
                            "SLIPWAY_RUN_DIR": f"{self.folder}/run", "FOLDER": self.folder}


class Invocation:
    """One command on one host. Its process groups are ended by close()."""

    def __init__(self, double, command, host, fate):
        self.double, self.command, self.host, self.fate = double, command, host, fate
        self.status = self.details = "Pending"
        self.code, self.out, self.err = -1, "", ""
        self.began = self.ended = None
        self.cancelled, self.groups, self.runs = False, [], 0
        threading.Thread(target=self._live, daemon=True).start()

    def _end(self, status, details, code=-1):
        with self.double.lock:
            if self.ended is None:
                self.status, self.details, self.code, self.ended = status, details, code, time.time()

    def _script(self, number):
        base = os.path.join(self.host.folder, f"{self.command['CommandId']}-{number}")
        with open(base + ".sh", "w", encoding="utf-8", newline="") as f:
            f.write("\n".join(self.command["Parameters"]["commands"]))
        return base

    def _execute(self, number):
        """The agent's way with a script: exit code, and what it printed, cut."""
        base = self._script(number)
        with open(base + ".out", "wb") as out, open(base + ".err", "wb") as err:
            with self.double.lock:
                if self.double.closed:
                    return 137, b"", b""
                process = subprocess.Popen([self.double.shell, base + ".sh"], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                           cwd="/", start_new_session=True,
                                           env={**self.host.environment, "SSM_COMMAND_ID": self.command["CommandId"]})
                self.groups.append(process.pid)
                self.runs += 1
        limit = self.fate.get("killed_s", float(self.command["Parameters"]["executionTimeout"][0]))
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = 137
        with open(base + ".out", "rb") as out, open(base + ".err", "rb") as err:
            return 137 if code < 0 else code, out.read(OUT_MAX), err.read(ERR_MAX)

    def _live(self):
        fate = self.fate
        time.sleep(fate.get("late_s", 0))
        deadline = time.time() + self.command["TimeoutSeconds"]
        while not self.host.online and not fate.get("ends") and not self.cancelled and time.time() < deadline:
            time.sleep(0.05)
        if fate.get("ends") and not fate.get("runs"):
            word = fate["ends"]
            self._end({"DeliveryTimedOut": "TimedOut", "Undeliverable": "Failed"}.get(word, "Cancelled"), word)
            return
        if self.cancelled:
            self._end("Cancelled", "Cancelled")
            return
        if not self.host.online:
            self._end("TimedOut", "DeliveryTimedOut")
            return
        with self.double.lock:
            self.began = time.time()
            if not fate.get("ends"):
                self.status = self.details = "InProgress"
        others = [threading.Thread(target=self._again, args=(n,), daemon=True) for n in range(1, fate.get("times", 1))]
        for other in others:
            other.start()
        code, out, err = self._execute(0)
        if code != 0:
            err = err[:ERR_MAX - 50] + b"\nfailed to run commands: exit status %d" % code
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
        if fate.get("ends"):
            self._end({"DeliveryTimedOut": "TimedOut", "Undeliverable": "Failed"}.get(fate["ends"], "Cancelled"), fate["ends"])
        elif code == 137:
            self._end(*(("Cancelled", "Cancelled") if self.cancelled else ("TimedOut", "ExecutionTimedOut")), code)
        elif code in (0, 168, 194):
            self.double.reboots += code == 194
            self._end("Success", "Success", code)
        else:
            self._end("Failed", "Failed", code)

    def _again(self, number):
        time.sleep(self.fate.get("again_s", 0))
        self._execute(number)

    def cancel(self):
        with self.double.lock:
            if self.ended is not None or self.fate.get("deaf"):
                return
            self.cancelled = True
            if self.began is not None:
                self.status = self.details = "Cancelling"
            groups = list(self.groups)
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def words(self):
        if self.fate.get("says") and self.ended is None:
            return {"Status": self.fate["says"], "StatusDetails": self.fate["says"]}
        return {"Status": self.status, "StatusDetails": self.details}

    def both(self):
        text = self.out if not self.err else f"{self.out[:BOTH_MAX // 2]}\n----------ERROR-------\n{self.err[:BOTH_MAX // 2 - 25]}"
        return text[:BOTH_MAX]


def stamp(t):
    return "" if t is None else datetime.fromtimestamp(t, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class AwsDouble:
    def __init__(self, folder, once=None, shell="/bin/sh", port=0):
        self.folder, self.shell = os.path.abspath(folder), shell
        self.once_program = once or os.path.join(os.environ.get("SLIPWAY_BIN", ""), "slipway-once")
        self.lock = threading.RLock()
        self.hosts, self.commands, self.calls = {}, [], []
        self.fates, self.failing, self.hidden_s, self.slow_s, self.reboots, self.closed = [], {}, 0, 0, 0, False
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                double._post(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    # What a test turns ------------------------------------------------------------------------------------------------

    def host(self, id_, tags=None):
        with self.lock:
            self.hosts[id_] = Host(self, id_, tags or {})
        return self.hosts[id_]

    def once(self, id_, key, store):
        """slipway-once, as a package would put it there, and who this machine is."""
        host = self.hosts[id_]
        state = f"{host.folder}/once"
        path = f"{host.folder}/bin/slipway-once"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nexec {self.once_program} \"$@\" --state {state}\n")
        os.chmod(path, 0o755)
        subprocess.run([self.once_program, "--set-up", "--host", id_, "--key", key, "--store", store, "--state", state], check=True,
                       capture_output=True)

    def control(self, verb, **words):
        """The same for who is no Python: host, once, fate, failing, hidden, online, invocations."""
        if verb == "host":
            self.host(words["id"], words.get("tags"))
        elif verb == "once":
            self.once(words["id"], words["key"], words["store"])
        elif verb == "fate":
            self.fates.append(words["fate"])
        elif verb == "failing":
            self.failing = words["calls"]
        elif verb == "hidden":
            self.hidden_s = words["seconds"]
        elif verb == "online":
            self.hosts[words["id"]].online = words["online"]
        elif verb != "invocations":
            raise Refused("ValidationException", f"no such verb: {verb}")
        return {"invocations": [{"command": i.command["CommandId"], "comment": i.command["Comment"], "host": i.host.id,
                                 "runs": i.runs, **i.words()} for c in self.commands for i in c["invocations"]]}

    def sent(self, comment=None):
        return [c for c in self.commands if comment in (None, c["Comment"])]

    def close(self):
        with self.lock:
            self.closed = True
            groups = [g for c in self.commands for i in c["invocations"] for g in i.groups]
        self.server.shutdown()
        self.server.server_close()
        for group in groups:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                pass

    # The wire -----------------------------------------------------------------------------------------------------------

    def _post(self, handler):
        status, answer = 200, {}
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        try:
            if handler.path == "/control":
                answer = self.control(**json.loads(body))
            else:
                answer = self._call(handler.headers, body)
        except Lost:
            handler.close_connection = True
            return
        except Refused as e:
            status, answer = e.status, {"__type": e.code, "message": e.text}
        data = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/x-amz-json-1.1")
        handler.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        try:
            handler.wfile.write(data)
        except OSError:
            pass  # who asked has gone

    def _call(self, headers, body):
        target = headers.get("X-Amz-Target", "")
        operation = target.partition("AmazonSSM.")[2]
        verb = getattr(self, f"_{operation}", None) if operation.isalpha() else None
        check_signature(headers, body)
        if verb is None or headers.get("Content-Type") != "application/x-amz-json-1.1":
            raise Refused("UnknownOperationException")
        self.calls.append(operation)
        self._fail(self.failing.get(operation))
        try:
            words = json.loads(body)
        except ValueError:
            raise Refused("SerializationException") from None
        with self.lock:
            answer = verb(words)
        if operation == "SendCommand" and self.slow_s:
            slow, self.slow_s = self.slow_s, 0
            time.sleep(slow)
        return answer

    @staticmethod
    def _fail(how):
        if how == "lost":
            raise Lost
        if how == "500":
            raise Refused("InternalServerError", "An error occurred on the server side.", 500)
        if how == "throttle":
            raise Refused("ThrottlingException", "Rate exceeded")
        if how == "expired":
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        if how == "denied":
            raise Refused("AccessDeniedException", "User is not authorized to perform this")

    def _SendCommand(self, words):
        self._check_send(words)
        fate = self.fates.pop(0) if self.fates else {}
        answer = fate.get("answer", "ok")
        command = None
        if fate.get("accepted", answer in ("ok", "lost")):
            command = {"CommandId": str(uuid.uuid4()), "DocumentName": "AWS-RunShellScript", "DocumentVersion": "$DEFAULT",
                       "Comment": words.get("Comment", ""), "RequestedDateTime": time.time(),
                       "InstanceIds": words["InstanceIds"], "Parameters": words["Parameters"],
                       "TimeoutSeconds": words["TimeoutSeconds"]}
            command["invocations"] = []
            self.commands.append(command)
            command["invocations"] += [Invocation(self, command, self.hosts[h], fate) for h in words["InstanceIds"]]
        self._fail(None if answer == "ok" else answer)
        return {"Command": self._shown(command)}

    def _check_send(self, words):
        ids, parameters = words.get("InstanceIds", []), words.get("Parameters", {})
        commands, execution = parameters.get("commands"), parameters.get("executionTimeout")
        if words.get("DocumentName") != "AWS-RunShellScript":
            raise Refused("InvalidDocument")
        if len(words.get("Comment", "")) > 100 or not 1 <= len(ids) <= 50 or not 30 <= words.get("TimeoutSeconds", 0) <= 2592000:
            raise Refused("ValidationException", "1 validation error detected")
        if set(parameters) - {"commands", "executionTimeout", "workingDirectory"} or not isinstance(commands, list) or \
                not isinstance(execution, list) or not re.fullmatch(r"\d{1,6}", execution[0]) or not 5 <= int(execution[0]) <= 172800:
            raise Refused("InvalidParameters", "commands and executionTimeout are expected")
        if any("{{" in line for line in commands):  # AWS would put something in its place
            raise Refused("InvalidParameters", "a command has {{ }} in it")
        if len(json.dumps(parameters, ensure_ascii=False).encode()) + 2000 > CONTENT_MAX:
            raise Refused("MaxDocumentSizeExceeded")
        if len(set(ids)) < len(ids):
            raise Refused("DuplicateInstanceId")
        bad = [i for i in ids if i not in self.hosts]
        if bad:
            raise Refused("InvalidInstanceId", f"Instances [[{', '.join(bad)}]] not in a valid state for account 111122223333")

    def _shown(self, command):
        """A command's own members; its status by those of its invocations (ssm-wire.md 4.3, shortened)."""
        states = [i.words()["Status"] for i in command["invocations"]]
        status = states[0] if len(set(states)) == 1 else "InProgress"
        return {**{k: v for k, v in command.items() if k != "invocations"}, "Status": status, "StatusDetails": status,
                "TargetCount": len(states)}

    def _seen(self, words):
        """Commands that are listed, newest first."""
        after, documents = 0, {"AWS-RunShellScript"}
        for f in words.get("Filters", []):
            if f["key"] == "InvokedAfter":
                after = datetime.fromisoformat(f["value"].replace("Z", "+00:00")).timestamp()
            elif f["key"] == "DocumentName":
                documents &= {f["value"]}
            else:
                raise Refused("InvalidFilterKey", f["key"])
        if "CommandId" in words and not re.fullmatch(r".{36}", words["CommandId"]):
            raise Refused("InvalidCommandId")
        return [c for c in reversed(self.commands) if c["RequestedDateTime"] > after and c["DocumentName"] in documents and
                words.get("CommandId", c["CommandId"]) == c["CommandId"] and time.time() - c["RequestedDateTime"] >= self.hidden_s]

    @staticmethod
    def _page(words, key, items, least=1, standard=50):
        size = words.get("MaxResults", standard)
        if not least <= size <= 50:
            raise Refused("ValidationException", "MaxResults")
        try:
            at = int(words.get("NextToken", "0"))
        except ValueError:
            raise Refused("InvalidNextToken") from None
        answer = {key: items[at:at + size]}
        if at + size < len(items):
            answer["NextToken"] = str(at + size)
        return answer

    def _ListCommands(self, words):
        return self._page(words, "Commands", [self._shown(c) for c in self._seen(words)])

    def _ListCommandInvocations(self, words):
        items = []
        for c in self._seen(words):
            for i in c["invocations"]:
                if words.get("InstanceId", i.host.id) != i.host.id:
                    continue
                item = {"CommandId": c["CommandId"], "InstanceId": i.host.id, "InstanceName": "", "Comment": c["Comment"],
                        "DocumentName": c["DocumentName"], "DocumentVersion": "", "RequestedDateTime": c["RequestedDateTime"],
                        **i.words(), "TraceOutput": "", "CommandPlugins": []}
                if words.get("Details"):
                    item["CommandPlugins"] = [{"Name": "aws:runShellScript", **i.words(), "ResponseCode": i.code,
                                               "ResponseStartDateTime": i.began or 0, "ResponseFinishDateTime": i.ended or 0,
                                               "Output": i.both()}]
                items.append(item)
        return self._page(words, "CommandInvocations", items)

    def _GetCommandInvocation(self, words):
        for c in self._seen({"CommandId": words["CommandId"]}):
            for i in c["invocations"]:
                if i.host.id == words["InstanceId"]:
                    over = i.ended is not None
                    return {"CommandId": c["CommandId"], "InstanceId": i.host.id, "Comment": c["Comment"],
                            "DocumentName": c["DocumentName"], "DocumentVersion": "$DEFAULT", "PluginName": "aws:runShellScript",
                            "ResponseCode": i.code, "ExecutionStartDateTime": stamp(i.began),
                            "ExecutionElapsedTime": f"PT{(i.ended or 0) - (i.began or i.ended or 0):.3f}S" if over else "",
                            "ExecutionEndDateTime": stamp(i.ended), **i.words(),
                            "StandardOutputContent": i.out if over else "", "StandardOutputUrl": "",
                            "StandardErrorContent": i.err if over else "", "StandardErrorUrl": ""}
        raise Refused("InvocationDoesNotExist")

    def _CancelCommand(self, words):
        found = [c for c in self.commands if c["CommandId"] == words["CommandId"]]
        if not found:
            raise Refused("InvalidCommandId")
        for i in found[0]["invocations"]:
            if i.host.id in (words.get("InstanceIds") or [i.host.id]):
                i.cancel()
        return {}

    def _DescribeInstanceInformation(self, words):
        filters = words.get("Filters", [])
        by_tag = [f for f in filters if f["Key"].startswith("tag")]
        if by_tag and len(by_tag) < len(filters):
            raise Refused("InvalidFilterKey", "tag filters do not mix with others")
        items = []
        for h in self.hosts.values():
            if all(self._matches(h, f) for f in filters):
                items.append({"InstanceId": h.id, "PingStatus": "Online" if h.online else "ConnectionLost",
                              "LastPingDateTime": time.time(), "AgentVersion": "3.3.484.0", "IsLatestVersion": True,
                              "PlatformType": "Linux", "PlatformName": "Debian GNU/Linux", "PlatformVersion": "12",
                              "ResourceType": "EC2Instance", "IPAddress": "10.0.0.9", "ComputerName": f"{h.id}.internal"})
        return self._page(words, "InstanceInformationList", items, 5, 10)

    @staticmethod
    def _matches(host, f):
        if f["Key"] == "InstanceIds":
            return host.id in f["Values"]
        if f["Key"] == "tag-key":
            return any(name in f["Values"] for name in host.tags)
        if f["Key"].startswith("tag:"):
            return host.tags.get(f["Key"][4:]) in f["Values"]
        if f["Key"] == "PingStatus":
            return ("Online" if host.online else "ConnectionLost") in f["Values"]
        raise Refused("InvalidFilterKey")


def main():
    double = AwsDouble(sys.argv[1], shell=shutil.which(os.environ.get("AWS_DOUBLE_SHELL", "sh")))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(double.port, flush=True)
    stop.wait()
    double.close()


if __name__ == "__main__":
    main()
