"""The AssumeRole of scripted_s3.py: gives sessions away, and knows which of them still stand.

It checks no signature, as the rest of the server: moto and Ceph do that. It checks whose session signs a request,
whether it is over, and whether the signer's clock is near enough to the service's.
"""
import math
import re
import secrets
import threading
import time
from datetime import datetime, timezone
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

# Seconds by which a signature's time may be off: AWS's own limits.
STS_SKEW_MAX = 300
S3_SKEW_MAX = 900


class Sessions:
    """All sessions that were given away, by their access key ID: token and expiration."""

    def __init__(self):
        self.lock = threading.Lock()
        self.given = {}

    def give(self, seconds, now):
        """A new session. Its expiration is a whole second, as AWS writes it, and at least `seconds` away."""
        session = {
            "accessKeyID": "ASIA" + secrets.token_hex(8).upper(), "secretAccessKey": secrets.token_urlsafe(30),
            "sessionToken": secrets.token_urlsafe(240), "expiration": math.ceil(now + seconds)}
        with self.lock:
            self.given[session["accessKeyID"]] = session
        return session

    def expiration(self, headers):
        with self.lock:
            session = self.given.get(access_key_id(headers))
        return session and session["expiration"]

    def refusal(self, headers, now):
        """What S3 answers to a request signed with something else than a session that stands; None: it is."""
        if skew(headers, now) > S3_SKEW_MAX:
            return (
                403, "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.")
        with self.lock:
            session = self.given.get(access_key_id(headers))
        if not session:
            return 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
        if headers.get("x-amz-security-token") != session["sessionToken"]:
            return 400, "InvalidToken", "The provided token is malformed or otherwise invalid."
        if now >= session["expiration"]:
            return 400, "ExpiredToken", "The provided token has expired."
        return None


def access_key_id(headers):
    credential = re.search(r"Credential=([^/]*)/", headers.get("Authorization", ""))
    return credential and credential[1]


def skew(headers, now):
    """By how many seconds the signature's time differs from the service's."""
    try:
        signed = datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return 0
    return abs(signed.timestamp() - now)


def refusal(headers, form, now, scenario):
    """What STS itself answers to a call that it doesn't grant, without a fault."""
    sts = scenario.get("sts", {})
    if access_key_id(headers) in scenario.get("expiredAccessKeyIDs", []):
        return 403, "ExpiredToken", "The security token included in the request is expired"
    if skew(headers, now) > STS_SKEW_MAX:
        return 403, "SignatureDoesNotMatch", "Signature expired: it is too far from the current time"
    external_id = parse_qs(form).get("ExternalId", [None])[0]
    if sts.get("isRevoked") or sts.get("externalID", "") not in ("", external_id, external_id and "*"):
        return 403, "AccessDenied", "User: vendor is not authorized to perform: sts:AssumeRole on resource: the role"
    return None


def answer(session):
    """AssumeRoleResponse. What the session has not is left out."""
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session["expiration"]))
    parts = (
        ("AccessKeyId", session["accessKeyID"]), ("SecretAccessKey", session["secretAccessKey"]),
        ("SessionToken", session.get("sessionToken")), ("Expiration", expiration))
    credentials = "".join("<%s>%s</%s>" % (name, escape(value), name) for name, value in parts if value)
    return (
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        "%s</Credentials></AssumeRoleResult></AssumeRoleResponse>" % credentials).encode()
