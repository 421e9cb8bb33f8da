#!/usr/bin/env python3
"""An S3-like server that fails as it is told, on loopback. Only the standard library.

Use: scripted_s3.py DIRECTORY

Reads DIRECTORY/scenario.json (again whenever it was replaced), writes its port to DIRECTORY/port and one JSON object
per request to DIRECTORY/requests.jsonl before it answers. Ends when the process that started it is gone.

It checks no signature: Ceph and moto do that. It answers GET and HEAD of objects, ListObjectsV2 and HeadBucket, path
style or virtual-host style (bucket.localhost), and, where there are sessions to give away, AssumeRole and
GetCallerIdentity. A scenario:

{
  "bucket": "b",
  "basePath": "/base",             optional
  "pageSize": 1000,                largest page of a listing
  "plusForSpace": true,            how encoding-type=url writes a space: + as AWS (default) or %20 as Ceph
  "region": "eu-west-1",           optional; requests signed for another region get regionAnswer
  "regionAnswer": "header",        header: 301 with x-amz-bucket-region; body: 301 with Endpoint; malformed: 400
                                   AuthorizationHeaderMalformed with Region; silent: 301 that says nothing
  "expiredAccessKeyIDs": ["AK"],   requests signed with these get ExpiredToken
  "owner": "111122223333",         optional; requests that expect another owner get AccessDenied, as they do from AWS
  "requesterPays": true,           requests that don't agree to pay get AccessDenied, as they do from AWS
  "session": {                     optional: what every AssumeRole gets, for an hour
    "accessKeyID": "…", "secretAccessKey": "…", "sessionToken": "…"
  },
  "callerARN": "arn:aws:…",        optional: who everybody is, for GetCallerIdentity
  "sts": {                         optional, instead: each AssumeRole gets a session of its own, and everything else
                                   must be signed with one that is not over
    "sessionSeconds": 3,
    "externalID": "id",            optional: must be sent; "*": any
    "isRevoked": false             AssumeRole is denied; sessions that were given stand
  },
  "clockOffset": 0,                optional: seconds by which the service's clock is ahead
  "objects": [{
    "key": "a" | "keyBase64": "YQ==",
    "text": "…" | "bodyBase64": "…" | "file": "/path" | "size": 1000, "seed": 1,
    "eTag": "\\"…\\"",             optional; else the MD5
    "storageClass": "GLACIER",     optional; GLACIER and DEEP_ARCHIVE refuse a GET with InvalidObjectState
    "versionID": "…", "contentEncoding": "gzip"      optional
  }],
  "faults": [{                     the first that fits a request and isn't used up is applied; the others don't count it
    "on": "list" | "get" | "head" | "headBucket" | "assumeRole" | "getCallerIdentity",
    "key": "a" | "keyBase64": …,   optional: any
    "when": [{"part": P, "has": "…", "lacks": "…"}]
                                   optional: P is target, form, or a header's name; all must hold; has and lacks are
                                   optional
    "skip": 0,                     fitting requests that pass before
    "times": 1,                    how often; -1: always
    "do": one of
      "error"        status, code, message, fields {…}, headers {…}
      "shortBody"    the right head, then the first "byteCount" bytes, then the connection closes
      "reset"        the connection is reset; with "byteCount" after the head and that many bytes
      "shift"        a 206 whose Content-Range and bytes are "byteCount" bytes further
      "whole"        a 200 with the whole object, whatever the range
      "head"         the right answer with "headers" {…} set (null: left out), and another "status" if given
      "shortWhole"   like whole, but closes after "byteCount" bytes
      "raw"          a 200 with "text" as its body; in an answer of STS, IN-AN-HOUR stands for that time
      "replace"      "object" {…} takes the place of the key first, then the request is answered as usual
      "hang"         no answer; the connection stays open
      "delay"        "seconds", then the right answer
      "drip"         the right head, then a byte of the body every "seconds"
      "outlast"      the right answer, once the session that signed the request is over
      "partial"      AssumeRole: a session without its token
      "expired"      AssumeRole: a session that is over
  }]
}
"""
import base64
import hashlib
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, quote_plus, unquote_to_bytes
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True  # beside the scripts is no place for it
import scripted_sts  # noqa: E402

ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
LAST_MODIFIED = ("2025-01-31T23:59:59.000Z", "Fri, 31 Jan 2025 23:59:59 GMT")


def key_of(value):
    if "keyBase64" in value:
        return base64.b64decode(value["keyBase64"])
    return value["key"].encode() if "key" in value else None


def fits(condition, parts):
    text = parts.get(condition["part"], "")
    if condition.get("has") is not None and condition["has"] not in text:
        return False
    return condition.get("lacks") is None or condition["lacks"] not in text


class Object:
    def __init__(self, value):
        self.key = key_of(value)
        if "text" in value:
            self.body = value["text"].encode()
        elif "bodyBase64" in value:
            self.body = base64.b64decode(value["bodyBase64"])
        elif "file" in value:
            with open(value["file"], "rb") as file:
                self.body = file.read()
        else:
            self.body = random.Random(value.get("seed", 0)).randbytes(value.get("size", 0))
        self.etag = value.get("eTag") or '"%s"' % hashlib.md5(self.body).hexdigest()
        self.storage_class = value.get("storageClass")
        self.version_id = value.get("versionID")
        self.content_encoding = value.get("contentEncoding")


class World:
    """The scenario as it stands, with the counts of its faults."""

    def __init__(self, directory):
        self.lock = threading.Lock()
        self.path = os.path.join(directory, "scenario.json")
        self.log_path = os.path.join(directory, "requests.jsonl")
        self.log = open(self.log_path, "a")
        self.identity = None
        self.scenario = {}
        self.objects = {}
        self.sorted_keys = []
        self.faults = []
        self.sessions = scripted_sts.Sessions()

    @property
    def now(self):
        return time.time() + self.scenario.get("clockOffset", 0)

    def refresh(self):
        status = os.stat(self.path)
        identity = (status.st_ino, status.st_mtime_ns, status.st_size)
        if identity == self.identity:
            return
        self.identity = identity
        with open(self.path) as file:
            self.scenario = json.load(file)
        self.objects = {}
        self.sorted_keys = None
        for value in self.scenario.get("objects", []):
            self.put(value)
        self.faults = [dict(fault, seen=0) for fault in self.scenario.get("faults", [])]

    def put(self, value):
        obj = Object(value)
        self.objects[obj.key] = obj
        self.sorted_keys = None

    def keys(self):
        if self.sorted_keys is None:
            self.sorted_keys = sorted(self.objects)
        return self.sorted_keys

    def fault(self, action, key, parts):
        for fault in self.faults:
            if fault["on"] != action or key_of(fault) not in (None, key):
                continue
            if not all(fits(condition, parts) for condition in fault.get("when") or []):
                continue
            number = fault["seen"]
            times = fault.get("times", 1)
            skip = fault.get("skip", 0)
            if times >= 0 and number >= skip + times:
                continue
            fault["seen"] += 1
            if number < skip:
                continue
            if fault["do"] == "replace":
                self.put(fault["object"])
                continue
            return fault
        return None

    def note(self, **entry):
        self.log.write(json.dumps(entry) + "\n")
        self.log.flush()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world = None

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def do_POST(self):
        """STS."""
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        action = "getCallerIdentity" if "Action=GetCallerIdentity" in form else "assumeRole"
        world = self.world
        with world.lock:
            world.refresh()
            fault = world.fault(action, b"", self.parts(form))
            caller = world.scenario.get("callerARN")
            now = world.now
            refusal = scripted_sts.refusal(self.headers, form, now, world.scenario)
            kind = fault and fault["do"]
            session = None
            if action == "assumeRole" and not refusal and kind in (None, "delay", "partial", "expired"):
                session = self.session(world, now, kind)
            world.note(
                action=action, method="POST", target=self.path, keyBase64="", form=form, fault=kind, time=now,
                refusal=refusal and refusal[1], expiration=session and session["expiration"],
                headers={name.lower(): value for name, value in self.headers.items()})
        if kind == "hang":
            return self.hang()
        if kind == "delay":
            time.sleep(fault["seconds"])
        if refusal:
            return self.error(*refusal)
        if kind == "raw":
            hence = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3600))
            return self.send(200, {"Content-Type": "text/xml"}, fault["text"].replace("IN-AN-HOUR", hence).encode())
        if kind == "error":
            return self.error(
                fault["status"], fault.get("code"), fault.get("message", ""), fault.get("fields"), fault.get("headers"))
        if action == "getCallerIdentity" and caller:
            return self.send(200, {"Content-Type": "text/xml"}, (
                '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                "<Arn>%s</Arn><UserId>AIDASCRIPTED</UserId><Account>%s</Account></GetCallerIdentityResult>"
                "</GetCallerIdentityResponse>" % (escape(caller), caller.split(":")[4])).encode())
        if not session or action != "assumeRole":
            return self.error(400, "InvalidAction", "There is no STS here")
        self.send(200, {"Content-Type": "text/xml"}, scripted_sts.answer(session))

    def session(self, world, now, kind):
        """What an AssumeRole gets; None: there is no STS here."""
        fixed = world.scenario.get("session")
        if fixed:
            return dict(fixed, expiration=int(now) + 3600)
        if "sts" not in world.scenario:
            return None
        if kind == "expired":
            return world.sessions.give(-60, now)
        session = world.sessions.give(world.scenario["sts"]["sessionSeconds"], now)
        return dict(session, sessionToken=None) if kind == "partial" else session

    def hang(self):
        """Until the client has enough of it."""
        self.connection.settimeout(60)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def parts(self, form):
        parts = {name.lower(): value for name, value in self.headers.items()}
        return dict(parts, target=self.path, form=form)

    def answer(self):
        world = self.world
        with world.lock:
            world.refresh()
            scenario = world.scenario
            path, _, query = self.path.partition("?")
            parameters = dict(
                (name, unquote_to_bytes(value))
                for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))
            bucket, key = self.place(path, scenario)
            if key:
                action = "get" if self.command == "GET" else "head"
            else:
                action = "list" if self.command == "GET" else "headBucket"
            credential = re.search(r"Credential=([^/]*)/[^/]*/([^/]*)/", self.headers.get("Authorization", ""))
            now = world.now
            refusal = world.sessions.refusal(self.headers, now) if "sts" in scenario else None
            fault = None if refusal else world.fault(action, key, self.parts(""))
            expiration = world.sessions.expiration(self.headers)
            world.note(
                action=action, method=self.command, target=self.path,
                keyBase64=base64.b64encode(key).decode(), fault=fault and fault["do"], time=now,
                refusal=refusal and refusal[1], expiration=expiration,
                headers={name.lower(): value for name, value in self.headers.items()})
            if fault and fault["do"] == "hang":
                pass
            elif refusal:
                return self.error(*refusal)
            elif bucket != scenario["bucket"]:
                return self.error(404, "NoSuchBucket", "The specified bucket does not exist")
            elif credential and scenario.get("region", credential[2]) != credential[2]:
                return self.wrong_region(scenario, action)
            elif credential and credential[1] in scenario.get("expiredAccessKeyIDs", []):
                return self.error(400, "ExpiredToken", "The provided token has expired.")
            elif self.is_refused(scenario):
                return self.error(403, "AccessDenied", "Access Denied")
            obj = world.objects.get(key)
            keys = world.keys()
        if fault:
            kind = fault["do"]
            if kind == "hang":
                return self.hang()
            if kind == "delay":
                time.sleep(fault["seconds"])
            if kind == "outlast":
                time.sleep(max(0, expiration - world.now))
            if kind == "error":
                return self.error(
                    fault["status"], fault.get("code"), fault.get("message", ""), fault.get("fields"),
                    fault.get("headers"))
            if kind == "raw":
                return self.send(200, {"Content-Type": "application/xml"}, fault["text"].encode())
            if kind == "reset" and "byteCount" not in fault:
                return self.reset()
        if action == "headBucket":
            return self.send(200, {"x-amz-bucket-region": scenario.get("region", "us-east-1")}, b"")
        if action == "list":
            return self.list(scenario, parameters, keys, fault)
        self.object(obj, fault)

    def is_refused(self, scenario):
        owner = scenario.get("owner")
        if owner and self.headers.get("x-amz-expected-bucket-owner", owner) != owner:
            return True
        return scenario.get("requesterPays") and self.headers.get("x-amz-request-payer") != "requester"

    def place(self, path, scenario):
        base = scenario.get("basePath", "")
        if base and path.startswith(base):
            path = path[len(base):]
        host = self.headers.get("Host", "")
        raw = path.lstrip("/") if path == "/" else path[1:]
        if host.startswith(scenario["bucket"] + "."):
            return scenario["bucket"], unquote_to_bytes(raw)
        bucket, _, rest = raw.partition("/")
        return unquote_to_bytes(bucket).decode(), unquote_to_bytes(rest)

    def wrong_region(self, scenario, action):
        region = scenario["region"]
        how = scenario.get("regionAnswer", "header")
        message = "The bucket is in another region"
        if action == "headBucket":
            return self.error(301, None, "", headers={"x-amz-bucket-region": region})
        if how == "header":
            return self.error(301, "PermanentRedirect", message, headers={"x-amz-bucket-region": region})
        if how == "body":
            return self.error(
                301, "PermanentRedirect", message,
                {"Endpoint": "%s.s3.%s.amazonaws.com" % (scenario["bucket"], region)})
        if how == "malformed":
            return self.error(400, "AuthorizationHeaderMalformed", message, {"Region": region})
        return self.error(301, "PermanentRedirect", message)

    def object(self, obj, fault):
        if obj is None:
            return self.error(404, "NoSuchKey", "The specified key does not exist.")
        kind = fault["do"] if fault else None
        if_match = self.headers.get("If-Match")
        if if_match and if_match != obj.etag and kind not in ("head",):
            return self.error(
                412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        if obj.storage_class in ARCHIVED and self.command == "GET":
            return self.error(
                403, "InvalidObjectState", "The operation is not valid for the object's storage class",
                {"StorageClass": obj.storage_class})
        headers = {"ETag": obj.etag, "Last-Modified": LAST_MODIFIED[1], "Accept-Ranges": "bytes"}
        if obj.storage_class:
            headers["x-amz-storage-class"] = obj.storage_class
        if obj.version_id:
            headers["x-amz-version-id"] = obj.version_id
        if obj.content_encoding:
            headers["Content-Encoding"] = obj.content_encoding
        size = len(obj.body)
        status, first, last = 200, 0, size - 1
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted and kind not in ("whole", "shortWhole"):
            first, last = int(wanted[1]), min(int(wanted[2]), size - 1)
            if kind == "shift":
                first, last = first + fault["byteCount"], last + fault["byteCount"]
            if first > last or first >= size:
                return self.error(416, "InvalidRange", "The requested range is not satisfiable")
            status = 206
            headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, size)
        body = obj.body[first:last + 1]
        if kind == "head":
            status = fault.get("status", status)
            for name, value in fault["headers"].items():
                headers.pop(name, None)
                if value is not None:
                    headers[name] = value
        if kind == "drip":
            return self.send(status, headers, body, drip=fault["seconds"])
        if kind in ("shortBody", "shortWhole"):
            return self.send(status, headers, body, stop_after=fault["byteCount"])
        if kind == "reset":
            return self.send(status, headers, body, stop_after=fault["byteCount"], resets=True)
        self.send(status, headers, body)

    def list(self, scenario, parameters, keys, fault):
        prefix = parameters.get("prefix", b"")
        after = parameters.get("start-after", b"")
        if "continuation-token" in parameters:
            after = base64.b64decode(parameters["continuation-token"])
        size = min(scenario.get("pageSize", 1000), int(parameters.get("max-keys", b"1000")))
        found = [key for key in keys if key.startswith(prefix) and key > after]
        page, truncated = found[:size], len(found) > size
        encode = quote_plus if scenario.get("plusForSpace", True) else quote
        encoded = parameters.get("encoding-type") == b"url"

        def written(key):
            return encode(key, safe="/") if encoded else escape(key.decode())

        text = ['<?xml version="1.0" encoding="UTF-8"?>\n'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                "<Name>%s</Name><Prefix>%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys>"
                % (scenario["bucket"], written(prefix), len(page), size)]
        if encoded:
            text.append("<EncodingType>url</EncodingType>")
        text.append("<IsTruncated>%s</IsTruncated>" % ("true" if truncated else "false"))
        if truncated:
            token = base64.b64encode(page[-1]).decode()
            text.append("<NextContinuationToken>%s</NextContinuationToken>" % token)
        for key in page:
            obj = self.world.objects[key]
            text.append(
                "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size>"
                "<StorageClass>%s</StorageClass></Contents>"
                % (written(key), LAST_MODIFIED[0], escape(obj.etag, {'"': "&quot;"}), len(obj.body),
                   obj.storage_class or "STANDARD"))
        text.append("</ListBucketResult>")
        body = "".join(text).encode()
        if fault and fault["do"] == "drip":
            return self.send(200, {"Content-Type": "application/xml"}, body, drip=fault["seconds"])
        if fault and fault["do"] == "shortBody":
            return self.send(200, {"Content-Type": "application/xml"}, body, stop_after=fault["byteCount"])
        self.send(200, {"Content-Type": "application/xml"}, body)

    def error(self, status, code, message, fields=None, headers=None):
        body = b""
        if code:
            parts = dict({"Code": code, "Message": message, "RequestId": "SCRIPTED0001"}, **(fields or {}))
            body = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error>%s</Error>' % "".join(
                "<%s>%s</%s>" % (name, escape(value), name) for name, value in parts.items())).encode()
        self.send(status, dict({"Content-Type": "application/xml"}, **(headers or {})), body)

    def send(self, status, headers, body, stop_after=None, resets=False, drip=None):
        self.send_response_only(status)
        self.send_header("x-amz-request-id", "SCRIPTED0001")
        for name, value in dict({"Date": self.date_time_string(self.world.now)}, **headers).items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if drip:
            for index in range(len(body)):
                self.wfile.write(body[index:index + 1])
                self.wfile.flush()
                time.sleep(drip)
            return
        self.wfile.write(body if stop_after is None else body[:stop_after])
        self.wfile.flush()
        if resets:
            # What a reset overtakes is lost; let it arrive first.
            time.sleep(0.05)
            return self.reset()
        if stop_after is not None:
            self.close_connection = True

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        # The base class flushes and closes again.
        self.wfile = open(os.devnull, "wb")
        self.rfile = open(os.devnull, "rb")
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        # A client that hangs up is part of the game.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError, OSError)):
            super().handle_error(request, client_address)


def main():
    directory = sys.argv[1]
    parent = os.getppid()
    Handler.world = World(directory)
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(directory, "port.new"), "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
    while os.getppid() == parent:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
