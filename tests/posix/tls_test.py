#!/usr/bin/env python3
"""A program with the host's TLS against Python's TLS server, under an authority made here.

Arguments: run or call, the command hws, the module. `run`: a program that takes the port and prints "all is well". `call`: the plugin
tls_sdk, whose export tls_talk takes the port.
"""

import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

MODE, HWS, MODULE = sys.argv[1:]


def make_certificates(folder):
    """An authority, and a certificate of its for echo.test."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]

    def openssl(*arguments):
        subprocess.run(["openssl", "req", "-x509", *key, *arguments], check=True, capture_output=True, cwd=folder)

    openssl("-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority of a test")
    openssl("-keyout", "echo.key", "-out", "echo.pem", "-subj", "/CN=echo.test", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-addext", "subjectAltName=DNS:echo.test", "-addext", "basicConstraints=critical,CA:FALSE")


def serve(listener, context):
    """Sends back what comes, and says farewell when the client has."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(20)
        try:
            with context.wrap_socket(connection, server_side=True) as peer:
                while piece := peer.recv(65536):
                    peer.sendall(piece)
                peer.unwrap()
        except OSError:
            pass  # a client that did not trust us, as some shall not


def main():
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder) / "echo.pem", Path(folder) / "echo.key")
        context.set_alpn_protocols(["echo/1"])
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
        port = str(listener.getsockname()[1])
        options = ["--allow", "tcp:loopback:*", "--ca-file", str(Path(folder) / "ca.pem")]
        if MODE == "run":
            command = [HWS, "run", *options, MODULE, "--", port]
            wanted = ("all is well",)
        else:
            command = [HWS, "call", *options, MODULE, "tls_talk", "--input", port]
            wanted = "echo/1 hello over TLS\ntls_failed: certificate of other.test: hostname mismatch\n"
            # Which of two handshakes is over first is not said.
            wanted = (wanted + "hello, polled\ntls_failed", wanted + "tls_failed\nhello, polled")
        done = subprocess.run(command, capture_output=True, text=True, timeout=100)
        if done.returncode != 0 or done.stdout.strip() not in wanted:
            sys.exit(f"exit {done.returncode}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
