#!/usr/bin/env python3
"""Makes sigv4.json: requests and the Authorization header that botocore gives them.

    python3 -m pip install 'botocore==1.43.11' && python3 make_sigv4_vectors.py > sigv4.json

The requests are random but seeded, so that the file is the same every time. Keys are bytes: they include everything
that S3 clients are known to encode differently.
"""
import datetime
import json
import random
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SEED = 20251121
COUNT = 240
NAMES = [
    "a.txt", "a b", "a+b", "100%", "%2F", "..", "a//b", "./x", "=&", "~!*()'", "line\nbreak", "日本", "😀", "ü", "-_.~",
    "$@:;,?#[]", "\\", "\"q\""]


def s3_path(rng):
    return "/" + quote("/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 4))).encode(), safe="/-_.~")


def query(rng):
    pairs = []
    for _ in range(rng.randint(0, 5)):
        name = quote(
            rng.choice(["prefix", "list-type", "max-keys", "continuation-token", "delimiter", "Prefix", "ü", "a b"]),
            safe="-_.~")
        pairs.append(rng.choice([name, name + "=", name + "=" + quote(rng.choice(NAMES), safe="-_.~"), name + "=2"]))
    return "&".join(pairs)


def vector(rng):
    service = rng.choice(["s3", "s3", "sts"])
    region = rng.choice(["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
    credentials = Credentials(
        "AKIA" + "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16)),
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", k=40)),
        rng.choice([None, "".join(rng.choices("abcXYZ019+/=", k=rng.randint(16, 900)))]))
    date = datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
        seconds=rng.randrange(40 * 366 * 86400))
    host = rng.choice(["bucket.s3.amazonaws.com", "localhost:9000", "127.0.0.1:80", "s3.example.org:443", "[::1]:8080"])
    scheme = rng.choice(["http", "https"])
    path = s3_path(rng) if service == "s3" else rng.choice(["/", "", "/sts/", "/a%20b/../c", "/x//y/"])
    q = query(rng)
    url = f"{scheme}://{host}{path}" + ("?" + q if q else "")
    headers = []
    if rng.random() < 0.6:
        headers.append(("Range", f"bytes={rng.randrange(1 << 40)}-{rng.randrange(1 << 40)}"))
    if rng.random() < 0.6:
        headers.append(("If-Match", '"%032x"' % rng.getrandbits(128)))
    if rng.random() < 0.3:
        headers.append(("X-Amz-Meta-Blanks", "  a   b\tc  "))
    if rng.random() < 0.3:
        headers.append(("User-Agent", "dredge"))
    method = rng.choice(["GET", "HEAD", "POST", "PUT"])
    body = bytes(rng.choices(b"abc&=%+ ", k=rng.randint(1, 200))).decode() if method in ("POST", "PUT") else None
    unsigned = service == "s3" and rng.random() < 0.5

    base = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth

    class Auth(base):
        def payload(self, request):
            # Not botocore's rule for when to hash, which also looks at checksum headers; the caller decides.
            return "UNSIGNED-PAYLOAD" if unsigned else botocore.auth.SigV4Auth.payload(self, request)

        def _should_sha256_sign_payload(self, request):
            return True

    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body.encode() if body else b"")
    with mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: date.replace(tzinfo=None)):
        Auth(credentials, service, region).add_auth(request)
    return {
        "service": service, "region": region, "accessKeyID": credentials.access_key,
        "secretAccessKey": credentials.secret_key, "sessionToken": credentials.token, "date": int(date.timestamp()),
        "method": method, "url": url,
        "headers": [{"name": n, "value": v} for n, v in headers], "body": body, "unsignedPayload": unsigned,
        "amzDate": request.headers["X-Amz-Date"], "authorization": request.headers["Authorization"],
    }


rng = random.Random(SEED)
print(json.dumps({"seed": SEED, "vectors": [vector(rng) for _ in range(COUNT)]}, ensure_ascii=True, indent=0))
