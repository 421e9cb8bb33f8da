#!/usr/bin/env python3
"""The endpoints that give credentials to what runs beside them, on loopback. Only the standard library.

Use: metadata_server.py DIRECTORY

Reads DIRECTORY/world.json anew for each request, writes its port to DIRECTORY/port and one JSON object per request to
DIRECTORY/requests.jsonl before it answers. Plays

- an instance's metadata, version 2: PUT /latest/api/token, then GET /latest/meta-data/iam/security-credentials/[ROLE]
  with the token; without one every GET is refused;
- a container's agent: GET /container/credentials, with the right Authorization if there is one;
- the SSO portal: GET /federation/credentials with the right x-amz-sso_bearer_token;
- what renews logins of SSO: POST /token with the right JSON; else 400, and the request's own words repeated.

The world, all of it optional:

{
  "role": "my-role",               none: no role is attached
  "token": "…",                    of the instance's metadata
  "instance": {…} | "text",        what the role's path answers
  "authorization": "…", "container": {…} | "text",
  "bearer": "…", "sso": {…} | "text",
  "renewal": {…}, "login": {…},    what renews, and the login that it gives
  "status": {"/path": 500},        answered instead, without a body
  "silent": ["/path"],             never answered; the connection stays open
  "drip": ["/path"],               answered by a byte every 50 ms, without an end
  "bytes": {"/path": 1000}         so many bytes as the body
}
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

directory = sys.argv[1]
lock = threading.Lock()
ROLES = "/latest/meta-data/iam/security-credentials/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_PUT(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def do_GET(self):
        self.serve()

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with lock, open(os.path.join(directory, "requests.jsonl"), "a") as log:
            json.dump({"method": self.command, "path": self.path, "headers": headers}, log)
            log.write("\n")
        with open(os.path.join(directory, "world.json")) as file:
            world = json.load(file)
        path = self.path.partition("?")[0]
        if path in world.get("silent", []):
            self.rfile.read(1)
            self.close_connection = True
        elif path in world.get("drip", []):
            self.drip()
        elif path in world.get("status", {}):
            self.answer(world["status"][path], "")
        elif path in world.get("bytes", {}):
            self.answer(200, "x" * world["bytes"][path])
        else:
            self.answer(*self.right_answer(world, path, headers, body))

    def right_answer(self, world, path, headers, body):
        if self.command == "PUT" and path == "/latest/api/token":
            life = headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
            return (200, world["token"]) if life.isdigit() and 1 <= int(life) <= 21600 else (400, "")
        if self.command == "POST" and path == "/token" and "login" in world:
            if json.loads(body) == world["renewal"] and headers.get("content-type") == "application/json":
                return 200, world["login"]
            return 400, {"error": "invalid_grant", "error_description": body.decode()}
        if self.command != "GET":
            return 405, ""
        if path.startswith("/latest/"):
            if headers.get("x-aws-ec2-metadata-token") != world["token"]:
                return 401, ""
            if path == ROLES and "role" in world:
                return 200, world["role"]
            if "role" in world and path == ROLES + world["role"]:
                return 200, world["instance"]
        if path == "/container/credentials" and "container" in world:
            is_allowed = headers.get("authorization") == world.get("authorization")
            return (200, world["container"]) if is_allowed else (401, "")
        if path == "/federation/credentials" and "sso" in world:
            return (200, world["sso"]) if headers.get("x-amz-sso_bearer_token") == world["bearer"] else (401, "")
        return 404, ""

    def answer(self, status, body):
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(directory, "port.new"), "w") as file:
    file.write(str(server.server_address[1]))
os.replace(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
server.serve_forever()
