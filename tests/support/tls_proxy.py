"""A TLS proxy with a private CA in front of a plain listener, as deployments have one: bytes pass unchanged, Host too."""
import os
import socket
import ssl
import subprocess
import threading


def make_ca(folder):
    """ca.pem, and server.pem for localhost and 127.0.0.1."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
            "/CN=a private CA", "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=door")
    with open(os.path.join(folder, "ext"), "w", encoding="utf-8") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "ext", "-out", "server.crt")
    with open(os.path.join(folder, "server.pem"), "w", encoding="utf-8") as out:
        for name in ("server.key", "server.crt"):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                out.write(f.read())
    return os.path.join(folder, "ca.pem"), os.path.join(folder, "server.pem")


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for s in (source, sink):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _serve(listener, context, port):
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return

        def one(raw=raw):
            try:
                client = context.wrap_socket(raw, server_side=True)
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                raw.close()
                return
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            _pump(server, client)

        threading.Thread(target=one, daemon=True).start()


def start(certificate, port):
    """In front of 127.0.0.1:port; returns the port on which it listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listener, context, port), daemon=True).start()
    return listener.getsockname()[1]
