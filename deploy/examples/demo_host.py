#!/usr/bin/env python3
"""What runs the applications of one demo host, as systemd would on a real one.

    demo_host.py FOLDER ENVIRONMENT SITE_PORT SHOP_PORT

Serves the content site from FOLDER/root/lp-site/current and runs the shop from
FOLDER/root/rails-app/current, both only while they are there. SIGHUP restarts the shop; the
restart command of the demo sends it. SIGTERM ends both.
"""
import http.server
import os
import signal
import subprocess
import sys
import threading
import time

folder, environment, site_port, shop_port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
root = os.path.join(os.path.abspath(folder), "root")
shop = None


class Site(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        path = path.split("?")[0]
        current = os.path.join(root, "lp-site", "current")
        inside = path if path.startswith("/images/") else "/pages" + path
        return os.path.realpath(os.path.join(current, inside.lstrip("/")))

    def do_GET(self):
        current = os.path.realpath(os.path.join(root, "lp-site", "current"))
        if self.path == "/up":
            up = os.path.isdir(current)
            body = (os.path.basename(current) if up else "nothing published").encode() + b"\n"
            self.send_response(200 if up else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif self.translate_path(self.path).startswith(current + os.sep):
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, *args):
        pass


def stop_shop():
    global shop
    if shop is not None:
        shop.terminate()
        shop.wait()
        shop = None


def start_shop():
    global shop
    program = os.path.join(os.path.realpath(os.path.join(root, "rails-app", "current")), "app.py")
    if os.path.exists(program):
        shop = subprocess.Popen([sys.executable, program, str(shop_port)],
                                env=dict(os.environ, SLIPWAY_ENVIRONMENT=environment))


# Signals only leave word: what they ask for is done below, where nothing else is half done.
def note(number, _frame):
    asked.add(number)


asked = set()
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, note)
with open(os.path.join(folder, "services.pid"), "w", encoding="ascii") as f:
    f.write(str(os.getpid()))
threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", site_port), Site).serve_forever,
                 daemon=True).start()
start_shop()
while not asked & {signal.SIGTERM, signal.SIGINT}:
    if signal.SIGHUP in asked:
        asked.discard(signal.SIGHUP)
        stop_shop()
        start_shop()
    time.sleep(0.1)
stop_shop()
os._exit(0)  # without waiting for a request under way
