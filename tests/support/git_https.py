#!/usr/bin/env python3
"""Git over https on loopback, by git's own http-backend: what the keeper's tests fetch from.

    git_https.py --root DIR --cert FILE --key FILE [--login HEADER]

Prints its port, then serves DIR until its standard input ends. With --login every request must carry
that Authorization header. A few paths behave badly: /redirect/HOST:PORT/... sends off to that host,
/garbage/... answers the pack with noise, /hang/... never answers.
"""
import argparse
import http.server
import os
import ssl
import subprocess
import sys
import threading
import time

BAD_ADVERTISEMENT = (b"001e# service=git-upload-pack\n0000"
                     b"004895dcfa3633004da0049d3d0fa03f80589cbcaf31 refs/heads/main\0multi_ack\n0000")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        login = self.server.login
        if login and self.headers.get("Authorization") != login:
            self.reply(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
        elif self.path.startswith("/redirect/"):
            self.reply(302, [("Location", "https://" + self.path[len("/redirect/"):])], b"")
        elif self.path.startswith("/hang/"):
            time.sleep(3600)
        elif self.path.startswith("/garbage/"):
            kind = "advertisement" if self.command == "GET" else "result"
            noise = BAD_ADVERTISEMENT if self.command == "GET" else b"0008NAK\nPACK" + b"\xff" * 4000
            self.reply(200, [("Content-Type", f"application/x-git-upload-pack-{kind}")], noise)
        else:
            self.backend(body)

    do_GET = do_POST = answer

    def backend(self, body):
        path, _, query = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=self.server.root, GIT_HTTP_EXPORT_ALL="1",
                   PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=self.command,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)),
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")
        out = subprocess.run(["git", "-c", "safe.directory=*", "http-backend"], input=body, env=env,
                             capture_output=True, check=False).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(v.split()[0]) for n, v in headers if n == "Status"), 200)
        self.reply(status, [(n, v) for n, v in headers if n not in ("Status", "Content-Length")], rest)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--root", "--cert", "--key"):
        parser.add_argument(name, required=True)
    parser.add_argument("--login")
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.root, server.login = args.root, args.login
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.write(1, b"%d\n" % server.server_address[1])  # whole: whoever waits for it then closes the pipe
    sys.stdin.read()


main()
