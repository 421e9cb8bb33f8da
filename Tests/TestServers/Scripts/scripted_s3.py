#!/usr/bin/env python3
"""An S3-like server that fails as it is told, on loopback. Only the standard library.

Use: scripted_s3.py DIRECTORY

Reads DIRECTORY/scenario.json (again whenever it was replaced), writes its port to DIRECTORY/port and one JSON object
per request to DIRECTORY/requests.jsonl before it answers. Ends when the process that started it is gone.

It checks no signature: Ceph and moto do that. It answers GET, HEAD and PUT of objects, multipart uploads,
ListObjectsV2 and HeadBucket, path style or virtual-host style (bucket.localhost), and, where there are sessions to give
away, AssumeRole and GetCallerIdentity. A scenario:

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
    "eTag": "\\"…\\"",             optional; else the MD5; "": none
    "storageClass": "GLACIER",     optional; GLACIER and DEEP_ARCHIVE refuse a GET with InvalidObjectState
    "versionID": "…", "contentEncoding": "gzip"      optional
  }],
  "faults": [{                     the first that fits a request and isn't used up is applied; the others don't count it
    "on": "list" | "get" | "head" | "headBucket" | "assumeRole" | "getCallerIdentity" | "put" | "createUpload" |
          "uploadPart" | "completeUpload" | "abortUpload",
                                   a write is done where its answer breaks off ("reset" and the like behind its start)
    "key": "a" | "keyBase64": …,   optional: any
    "when": [{"part": P, "has": "…", "lacks": "…"}]
                                   optional: P is target, form, or a header's name; all must hold; has and lacks are
                                   optional
    "skip": 0,                     fitting requests that pass before
    "times": 1,                    how often; -1: always
    "do": one of
      "error"        status, code (none: no body), message, fields {…}, headers {…}
      "raw"          "text" as the body, under a 200 or "status", with "headers" {…}; in an answer of STS, IN-AN-HOUR
                     stands for that time
      "head"         the right answer with "headers" {…} set (null: left out), those of "added" {…} beside them, and
                     another "status" if given
      "shortBody"    the right head, then the first "byteCount" bytes, then the connection closes
      "cut"          the first "byteCount" bytes of the body, under a head that announces no more
      "longBody"     "byteCount" bytes more than there are, under a head that announces them
      "trailing"     the same, unannounced
      "reset"        the connection is reset before the answer, after the "headByteCount" first bytes of its head, or
                     after the head and "byteCount" bytes
      "hang"         nothing more comes, from the same places on; the connection stays open
      "drip"         the right head, then a byte of the body every "seconds"
      "dripHead"     a byte of the head every "seconds", then the body
      "interims"     "count" (-1: without end) interim answers of "status", one every "seconds", then the right one
      "refuse"       all connections are reset, and new ones are refused for "seconds"
      "delay"        "seconds", then the right answer
      "shift"        a 206 whose Content-Range and bytes are "byteCount" bytes further
      "whole"        a 200 with the whole object, whatever the range
      "shortWhole"   like whole, but closes after "byteCount" bytes
      "page"         a page of a listing with the objects "keys" instead of its own; "fields" {…} of the document and of
                     its "entries" {key: {…}} are written as given here ("": left out). With "isFreshToken" it leads
                     to itself, by a token that nobody has seen
      "replace"      "object" {…} takes the place of the key first, then the request is answered as usual
      "outlast"      the right answer, once the session that signed the request is over
      "partial"      AssumeRole: a session without its token
      "expired"      AssumeRole: a session that is over
  }]
}
"""
import base64
import hashlib
import itertools
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
import scripted_writes  # noqa: E402

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
        etag = value.get("eTag")
        self.etag = '"%s"' % hashlib.md5(self.body).hexdigest() if etag is None else etag
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
        self.uploads = scripted_writes.Uploads()

    @property
    def now(self):
        return time.time() + self.scenario.get("clockOffset", 0)

    def identity_now(self):
        status = os.stat(self.path)
        return status.st_ino, status.st_mtime_ns, status.st_size

    def is_replaced(self):
        return self.identity not in (None, self.identity_now())

    def refresh(self):
        identity = self.identity_now()
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
        self.keep(Object(value))

    def keep(self, obj):
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

    def do_PUT(self):
        self.write_object()

    def do_DELETE(self):
        self.write_object()

    def do_POST(self):
        """An upload, or STS."""
        if "?upload" in self.path:
            return self.write_object()
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
            if action == "assumeRole" and not refusal and kind not in ("error", "raw"):
                session = self.session(world, now, kind)
            world.note(
                action=action, method="POST", target=self.path, keyBase64="", form=form, fault=kind, time=now,
                refusal=refusal and refusal[1], expiration=session and session["expiration"],
                headers={name.lower(): value for name, value in self.headers.items()})
        if self.goes_wrong(fault, now, refusal):
            return
        if action == "getCallerIdentity" and caller:
            return self.send(200, {"Content-Type": "text/xml"}, (
                '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
                "<Arn>%s</Arn><UserId>AIDASCRIPTED</UserId><Account>%s</Account></GetCallerIdentityResult>"
                "</GetCallerIdentityResponse>" % (escape(caller), caller.split(":")[4])).encode())
        if not session or action != "assumeRole":
            return self.error(400, "InvalidAction", "There is no STS here")
        self.send(200, {"Content-Type": "text/xml"}, scripted_sts.answer(session), fault)

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

    def goes_wrong(self, fault, now, refusal=None):
        """What comes instead of the right answer, or before it; whether that is all."""
        kind = fault["do"] if fault else None
        if kind in ("hang", "reset") and "byteCount" not in fault and "headByteCount" not in fault:
            self.hang() if kind == "hang" else self.reset()
        elif kind == "refuse":
            self.server.close_door(fault["seconds"])
        elif refusal:
            self.error(*refusal)
        elif kind == "error":
            self.error(
                fault["status"], fault.get("code"), fault.get("message", ""), fault.get("fields"), fault.get("headers"))
        elif kind == "raw":
            hence = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3600))
            headers = dict({"Content-Type": "text/xml"}, **(fault.get("headers") or {}))
            self.send(fault.get("status", 200), headers, fault["text"].replace("IN-AN-HOUR", hence).encode())
        else:
            if kind == "delay":
                time.sleep(fault["seconds"])
            return False
        return True

    def hang(self):
        """Until the client has enough of it."""
        self.connection.settimeout(60)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def write_object(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        world = self.world
        with world.lock:
            world.refresh()
            parameters = self.parameters()
            bucket, key = self.place(self.path.partition("?")[0], world.scenario)
            action = scripted_writes.action(self.command, parameters)
            fault, expiration, refusal = self.note(action, bucket, key, len(body))
            if refusal:
                return refusal[0](*refusal[1:])
            if action is None:
                return self.error(501, "NotImplemented", "There is no such write here")
            kind = fault and fault["do"]
            answer = None
            if kind not in ("error", "raw", "refuse") and (
                    kind not in ("hang", "reset") or "byteCount" in fault or "headByteCount" in fault):
                refusal = world.uploads.refusal(
                    action, key, parameters, self.headers, body, world.objects.get(key))
                if not refusal:
                    answer = world.uploads.perform(action, key, parameters, body, self.made, world.keep)
        if self.goes_wrong(fault, world.now, refusal):
            return
        if kind == "outlast":
            time.sleep(max(0, expiration - world.now))
        self.send(*answer, fault)

    @staticmethod
    def made(key, body):
        obj = Object({"text": ""})
        obj.key, obj.body = key, body
        obj.etag = '"%s"' % hashlib.md5(body).hexdigest()
        return obj

    def parameters(self):
        query = self.path.partition("?")[2]
        return dict(
            (name, unquote_to_bytes(value))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))

    def note(self, action, bucket, key, body_count=0):
        """Writes a request down. Its fault, when its session ends, and what refuses it: a method with its arguments."""
        world, scenario = self.world, self.world.scenario
        credential = re.search(r"Credential=([^/]*)/[^/]*/([^/]*)/", self.headers.get("Authorization", ""))
        now = world.now
        refusal = world.sessions.refusal(self.headers, now) if "sts" in scenario else None
        fault = None if refusal else world.fault(action, key, self.parts(""))
        expiration = world.sessions.expiration(self.headers)
        world.note(
            action=action, method=self.command, target=self.path, keyBase64=base64.b64encode(key).decode(),
            fault=fault and fault["do"], time=now, refusal=refusal and refusal[1], expiration=expiration,
            bodyByteCount=body_count, headers={name.lower(): value for name, value in self.headers.items()})
        if fault and fault["do"] == "hang":
            return fault, expiration, None
        if refusal:
            return fault, expiration, (self.error, *refusal)
        if bucket != scenario["bucket"]:
            return fault, expiration, (self.error, 404, "NoSuchBucket", "The specified bucket does not exist")
        if credential and scenario.get("region", credential[2]) != credential[2]:
            return fault, expiration, (self.wrong_region, scenario, action)
        if credential and credential[1] in scenario.get("expiredAccessKeyIDs", []):
            return fault, expiration, (self.error, 400, "ExpiredToken", "The provided token has expired.")
        if self.is_refused(scenario):
            return fault, expiration, (self.error, 403, "AccessDenied", "Access Denied")
        return fault, expiration, None

    def parts(self, form):
        parts = {name.lower(): value for name, value in self.headers.items()}
        return dict(parts, target=self.path, form=form)

    def answer(self):
        world = self.world
        with world.lock:
            world.refresh()
            scenario = world.scenario
            parameters = self.parameters()
            bucket, key = self.place(self.path.partition("?")[0], scenario)
            if key:
                action = "get" if self.command == "GET" else "head"
            else:
                action = "list" if self.command == "GET" else "headBucket"
            fault, expiration, refusal = self.note(action, bucket, key)
            if refusal:
                return refusal[0](*refusal[1:])
            obj = world.objects.get(key)
            keys = world.keys()
        if self.goes_wrong(fault, world.now):
            return
        if fault and fault["do"] == "outlast":
            time.sleep(max(0, expiration - world.now))
        if action == "headBucket":
            return self.send(200, {"x-amz-bucket-region": scenario.get("region", "us-east-1")}, b"", fault)
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
        self.send(status, headers, obj.body[first:last + 1], fault)

    def list(self, scenario, parameters, keys, fault):
        prefix = parameters.get("prefix", b"")
        after = parameters.get("start-after", b"")
        if "continuation-token" in parameters:
            after = base64.b64decode(parameters["continuation-token"].partition(b".")[0])
        size = min(scenario.get("pageSize", 1000), int(parameters.get("max-keys", b"1000")))
        found = [key for key in keys if key.startswith(prefix) and key > after]
        page, truncated = found[:size], len(found) > size
        encode = quote_plus if scenario.get("plusForSpace", True) else quote
        encoded = parameters.get("encoding-type") == b"url"
        fields = {"IsTruncated": "true" if truncated else "false"}
        if encoded:
            fields["EncodingType"] = "url"
        if truncated:
            fields["NextContinuationToken"] = base64.b64encode(page[-1]).decode()
        odd = fault if fault and fault["do"] == "page" else {}
        if "keys" in odd:
            page = [key.encode() for key in odd["keys"]]
        if odd.get("isFreshToken"):
            token = "%s.%d" % (base64.b64encode(after).decode(), odd["seen"])
            fields.update(IsTruncated="true", NextContinuationToken=token)
        fields.update(odd.get("fields") or {})

        def written(key):
            return encode(key, safe="/") if encoded else escape(key.decode())

        def elements(values):
            return "".join(
                "<%s>%s</%s>" % (name, escape(value, {'"': "&quot;"}), name) for name, value in values.items() if value)

        text = ['<?xml version="1.0" encoding="UTF-8"?>\n'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                "<Name>%s</Name><Prefix>%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys>"
                % (scenario["bucket"], written(prefix), len(page), size), elements(fields)]
        for key in page:
            obj = self.world.objects.get(key) or Object({"key": "", "text": ""})
            entry = {
                "LastModified": LAST_MODIFIED[0], "ETag": obj.etag, "Size": str(len(obj.body)),
                "StorageClass": obj.storage_class or "STANDARD"}
            entry.update((odd.get("entries") or {}).get(key.decode(errors="replace"), {}))
            text.append("<Contents><Key>%s</Key>%s</Contents>" % (written(key), elements(entry)))
        text.append("</ListBucketResult>")
        self.send(200, {"Content-Type": "application/xml"}, "".join(text).encode(), fault)

    def error(self, status, code, message, fields=None, headers=None):
        body = b""
        if code:
            parts = dict({"Code": code, "Message": message, "RequestId": "SCRIPTED0001"}, **(fields or {}))
            body = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error>%s</Error>' % "".join(
                "<%s>%s</%s>" % (name, escape(value), name) for name, value in parts.items())).encode()
        self.send(status, dict({"Content-Type": "application/xml"}, **(headers or {})), body)

    def send(self, status, headers, body, fault=None):
        """An answer, delivered as the fault wants it."""
        fault = fault or {}
        kind, count = fault.get("do"), fault.get("byteCount", 0)
        if kind == "cut":
            body = body[:count]
        if kind == "longBody":
            body += b"x" * count
        headers = dict({
            "x-amz-request-id": "SCRIPTED0001", "Date": self.date_time_string(self.world.now),
            "Content-Length": str(len(body))}, **headers)
        if kind == "head":
            status = fault.get("status", status)
            headers.update(fault.get("headers") or {})
        lines = [item for item in headers.items() if item[1] is not None]
        if kind == "head":
            lines += (fault.get("added") or {}).items()
        if headers.get("Content-Length") is None or headers.get("Connection") == "close":
            self.close_connection = True
        head = "HTTP/1.1 %d %s\r\n%s\r\n" % (
            status, self.responses.get(status, ("Odd",))[0], "".join("%s: %s\r\n" % line for line in lines))
        self.deliver(head.encode("latin-1"), b"" if self.command == "HEAD" or status == 204 else body, fault)

    def deliver(self, head, body, fault):
        kind, count = fault.get("do"), fault.get("byteCount", 0)
        pace = fault.get("seconds", 0)
        if kind == "interims":
            for _ in itertools.repeat(None) if fault["count"] < 0 else range(fault["count"]):
                self.write(b"HTTP/1.1 %d Interim\r\n\r\n" % fault["status"])
                time.sleep(pace)
        if kind in ("shortBody", "shortWhole", "reset", "hang"):
            if "headByteCount" in fault:
                head, body = head[:min(fault["headByteCount"], len(head) - 1)], b""
            self.write(head + body[:count])
            self.close_connection = True
            if kind == "reset":
                # What a reset overtakes is lost; let it arrive first.
                time.sleep(0.05)
                self.reset()
            elif kind == "hang":
                self.hang()
        elif kind == "drip":
            self.write(head)
            self.write(body, pace)
        elif kind == "dripHead":
            self.write(head, pace)
            self.write(body)
        else:
            self.write(head + body + (b"x" * count if kind == "trailing" else b""))

    def write(self, data, pace=0):
        """At once, or a byte every `pace` seconds."""
        for part in [data] if not pace else [data[index:index + 1] for index in range(len(data))]:
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(pace)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        # The base class flushes and closes again.
        self.wfile = open(os.devnull, "wb")
        self.rfile = open(os.devnull, "rb")
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """Listens on a port that stays its own also while it refuses connections."""
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        # Bound but never listening: it keeps the port.
        self.holder = self.bound(0)
        self.port = self.holder.getsockname()[1]
        self.closed_for = 0
        self.connections = set()

    def bound(self, port):
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def listen(self):
        self.socket.close()
        self.socket = self.bound(self.port)
        self.socket.listen(self.request_queue_size)

    def serve(self):
        """For ever, with the pauses that faults ask for."""
        while True:
            self.serve_forever(poll_interval=0.02)
            self.socket.close()
            for connection in list(self.connections):
                try:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            end = time.monotonic() + self.closed_for
            while time.monotonic() < end and not Handler.world.is_replaced():
                time.sleep(0.01)
            self.listen()

    def close_door(self, seconds):
        self.closed_for = seconds
        self.shutdown()

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        # A client that hangs up is part of the game.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError, OSError)):
            super().handle_error(request, client_address)


def main():
    directory = sys.argv[1]
    parent = os.getppid()
    Handler.world = World(directory)
    server = Server()
    server.listen()
    threading.Thread(target=server.serve, daemon=True).start()
    with open(os.path.join(directory, "port.new"), "w") as file:
        file.write(str(server.port))
    os.rename(os.path.join(directory, "port.new"), os.path.join(directory, "port"))
    while os.getppid() == parent:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
