"""An agent for AWS Systems Manager's poll channel, as Amazon's is on the wire (registration by RSA key, session
credentials, long poll, acknowledgement, replies): it runs what it is sent as `sh -c`. For process tests: the signer is
botocore's, the RSA-PSS form openssl's. One thread; stop() ends it."""
import base64
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def _post(url, target, body, headers):
    request = urllib.request.Request(url, data=body, headers={**headers, "X-Amz-Target": target,
                                                              "Content-Type": "application/x-amz-json-1.1"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as e:
        raise RuntimeError(f"{target}: {e.code} {e.read()!r}") from e


class Agent:
    def __init__(self, url, folder, activation, code, name):
        self.url, self.folder, self.name = url, folder, name
        self.key = os.path.join(folder, f"{name}.pem")
        self.fingerprint = str(uuid.uuid4())
        self.stopping = False
        self.running = {}  # command id -> process
        self.done = set()
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        spki = subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                              capture_output=True).stdout
        body = {"ActivationCode": code, "ActivationId": activation, "Fingerprint": self.fingerprint,
                "PublicKey": base64.b64encode(spki).decode(), "PublicKeyType": "Rsa"}
        self.id = _post(url, "AmazonSSM.RegisterManagedInstance", json.dumps(body).encode(), {})["InstanceId"]
        self._token()
        self.call("ssm", "AmazonSSM.UpdateInstanceInformation",
                  {"AgentName": "amazon-ssm-agent", "AgentStatus": "Active", "AgentVersion": "3.3.484.0",
                   "ComputerName": name, "IPAddress": "10.0.0.9", "InstanceId": self.id, "PlatformName": "Debian GNU/Linux",
                   "PlatformType": "Linux", "PlatformVersion": "12", "SSMConnectionChannel": ""})
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def _token(self):
        """Signed with the host's own key: the id stands where the access key id does (ssm-wire 2.2)."""
        target, body = "AmazonSSM.RequestManagedInstanceRoleToken", json.dumps({"Fingerprint": self.fingerprint}).encode()
        request = AWSRequest("POST", self.url, data=body, headers={"X-Amz-Target": target,
                                                                   "Content-Type": "application/x-amz-json-1.1"})
        signer = SigV4Auth(Credentials(self.id, "unused"), "ssm", "slipway")
        request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        signer._modify_request_before_signing(request)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key, "-sigopt", "rsa_padding_mode:pss",
                                    "-sigopt", "rsa_pss_saltlen:32"], input=text.encode(), check=True,
                                   capture_output=True).stdout
        headers = dict(request.headers.items())
        signed = signer.signed_headers(signer.headers_to_sign(request))
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.id}/{signer.credential_scope(request)}, "
                                    f"SignedHeaders={signed}, Signature={base64.b64encode(signature).decode()}")
        t = _post(self.url, target, body, headers)
        self.credentials = Credentials(t["AccessKeyId"], t["SecretAccessKey"], t["SessionToken"])

    def call(self, service, target, members):
        body = json.dumps(members).encode()
        request = AWSRequest("POST", self.url, data=body, headers={"X-Amz-Target": target,
                                                                   "Content-Type": "application/x-amz-json-1.1"})
        SigV4Auth(self.credentials, service, "slipway").add_auth(request)
        return _post(self.url, target, body, dict(request.headers.items()))

    def mds(self, operation, **members):
        return self.call("ec2messages", f"EC2WindowsMessageDeliveryService.{operation}", members)

    def reply(self, message, status, steps):
        """Until it was taken, under one id, as agents do (they wait five minutes between tries)."""
        members = {"MessageId": message, "ReplyId": str(uuid.uuid4()), "Payload": json.dumps(
            {"additionalInfo": {"agent": {"name": "amazon-ssm-agent", "ver": "3.3.484.0"}, "runId": "",
                                "runtimeStatusCounts": {}}, "documentStatus": status, "documentTraceOutput": "",
             "runtimeStatus": steps})}
        while not self.stopping:
            try:
                return self.mds("SendReply", **members)
            except Exception:  # the server is down, or did not answer
                time.sleep(0.2)

    def stop(self):
        self.stopping = True
        for process in list(self.running.values()):
            os.killpg(process.pid, signal.SIGKILL)

    def _loop(self):
        while not self.stopping:
            try:
                answer = self.mds("GetMessages", Destination=self.id, MessagesRequestId=str(uuid.uuid4()),
                                  VisibilityTimeoutInSeconds=10)
            except Exception:  # the server is down, or we are: try again
                time.sleep(0.3)
                continue
            for m in answer["Messages"]:
                self._take(m)

    def _take(self, m):
        payload = json.loads(m["Payload"])
        self.reply(m["MessageId"], "InProgress", None)
        self.mds("AcknowledgeMessage", MessageId=m["MessageId"])
        if m["Topic"].startswith("aws.ssm.cancelCommand"):
            process = self.running.get(payload["CancelMessageId"])
            if process:
                process.cancelled = True
                os.killpg(process.pid, signal.SIGKILL)
        elif m["MessageId"] not in self.done:
            self.done.add(m["MessageId"])
            threading.Thread(target=self._run, args=(m["MessageId"], payload), daemon=True).start()

    def _steps(self, payload):
        """(name, lines, seconds) of a document of schema 2.2 or 1.2, parameters put in as text."""
        document = payload["DocumentContent"]
        values = {k: v.get("default", "") for k, v in document.get("parameters", {}).items()}
        values.update(payload["Parameters"])

        def fill(text):
            whole = re.fullmatch(r"\{\{\s*(\w+)\s*\}\}", text) if isinstance(text, str) else None
            if whole:
                return values.get(whole[1], text)
            return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda r: str(values.get(r[1], r[0])), str(text))

        found = document.get("mainSteps") or [
            {"name": k, "inputs": v["properties"][0]} for k, v in document["runtimeConfig"].items()]
        for step in found:
            script = fill(step["inputs"]["runCommand"]) if isinstance(step["inputs"]["runCommand"], str) else [
                fill(line) for line in step["inputs"]["runCommand"]]
            yield step["name"], "\n".join(script), int(fill(step["inputs"].get("timeoutSeconds", "3600")) or 3600)

    def _run(self, message, payload):
        steps, worst = {}, "Success"
        for name, script, seconds in self._steps(payload):
            began = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
            process = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       start_new_session=True)
            process.cancelled = False
            self.running[message] = process
            try:
                out, err = process.communicate(timeout=seconds)
                code = process.returncode
                status = "Success" if code == 0 else "Failed"
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
                code, status = 137, "TimedOut"
            if process.cancelled:
                code, status = 137, "Cancelled"
            del self.running[message]
            if status == "Failed":
                err += f"failed to run commands: exit status {code}".encode()
                worst = status if worst == "Success" else worst
            elif status != "Success":
                worst = status
            steps[name] = {"status": status, "code": code, "name": "aws:runShellScript", "output": "",
                           "startDateTime": began, "endDateTime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
                           "standardOutput": out[:24000].decode(errors="replace"),
                           "standardError": err[:24000].decode(errors="replace")}
            if not self.stopping:
                self.reply(message, "InProgress", {name: steps[name]})
        if not self.stopping:
            self.reply(message, worst, steps if len(steps) == 1 else {})
