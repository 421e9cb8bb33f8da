#!/usr/bin/env python3
"""A receiver of webhooks that checks signatures with the verifier of Standard Webhooks.

usage: webhook_receiver.py DIRECTORY

Listens on a free port of 127.0.0.1, which it writes into DIRECTORY/port. Writes a line of JSON for each request into
DIRECTORY/requests.jsonl; `verified` tells, for each line of DIRECTORY/secrets, whether the request is signed with it.

/...                 answers 200
/status/CODE         answers that status
/later/CODE/SECONDS  the same, with Retry-After
/flaky/N/...         answers 500 to the first N requests of this path
/redirect            answers 307 to /redirected
/long/N              answers 200 with N bytes
/hang                never answers
"""
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

directory = sys.argv[1]
lock = threading.Lock()
counts = {}


def is_signed(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except Exception:
        return False


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        secrets = []
        if os.path.exists(f"{directory}/secrets"):
            with open(f"{directory}/secrets") as file:
                secrets = file.read().split()
        headers = {name.lower(): value for name, value in self.headers.items()}
        with lock:
            count = counts[self.path] = counts.get(self.path, 0) + 1
            with open(f"{directory}/requests.jsonl", "a") as file:
                line = {
                    "path": self.path, "headers": headers, "body": body.decode(),
                    "verified": [is_signed(secret, body, headers) for secret in secrets],
                }
                file.write(json.dumps(line) + "\n")
        parts = self.path.split("/")[1:]
        status, more, answer = 200, {}, b"ok"
        if parts[0] in ("status", "later"):
            status = int(parts[1])
        if parts[0] == "later":
            more["Retry-After"] = parts[2]
        if parts[0] == "flaky" and count <= int(parts[1]):
            status = 500
        if parts[0] == "redirect":
            status, more["Location"] = 307, "/redirected"
        if parts[0] == "long":
            answer = b"x" * int(parts[1])
        if parts[0] == "hang":
            threading.Event().wait()
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
with open(f"{directory}/port.new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(f"{directory}/port.new", f"{directory}/port")
server.serve_forever()
