"""The demo shop: one page, and /up for the health check. Reads the folder it was started from."""
import http.server
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin"))
import database  # noqa: E402

TITLE = "Acme shop"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        connection = database.connect()
        waiting = database.pending(connection)
        connection.close()
        commit = os.path.basename(os.path.dirname(os.path.abspath(__file__)))
        status = 503 if self.path == "/up" and waiting else 200
        body = f"{TITLE} {commit[:7]}{' waits for ' + waiting[0] if waiting else ''}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
