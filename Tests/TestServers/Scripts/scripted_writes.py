"""The writes of scripted_s3.py: PUT of objects and multipart uploads, with their conditions.

Each is judged and done at one moment, as S3 does it. The digest of a body is held against what was signed.
"""
import hashlib
import re
import secrets
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def action(method, parameters):
    """What a request with this method and these parameters of its query does; None: no write."""
    upload = "uploadId" in parameters
    if method == "PUT":
        return "uploadPart" if upload else "put"
    if method == "POST" and (upload or "uploads" in parameters):
        return "completeUpload" if upload else "createUpload"
    return "abortUpload" if method == "DELETE" and upload else None


def no_upload():
    return 404, "NoSuchUpload", "The specified upload does not exist."


class Uploads:
    """All uploads that have begun and not ended, by their ID."""

    def __init__(self):
        self.open = {}

    def refusal(self, action, key, parameters, headers, body, existing):
        """What S3 refuses, as status, code and message; None: nothing."""
        digest = headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        if digest not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return 400, "XAmzContentSHA256Mismatch", "The provided x-amz-content-sha256 does not match the content."
        if action not in ("put", "createUpload"):
            upload = self.open.get(parameters["uploadId"].decode())
            if not upload or upload["key"] != key:
                return no_upload()
        if action in ("put", "completeUpload"):
            if_match = headers.get("If-Match")
            if if_match and not existing:
                return 404, "NoSuchKey", "The specified key does not exist."
            if if_match and if_match != existing.etag or headers.get("If-None-Match") == "*" and existing:
                return 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"
        if action == "completeUpload":
            parts = self.open[parameters["uploadId"].decode()]["parts"]
            wanted = self.parts(body)
            if not wanted or [number for number, _ in wanted] != sorted(number for number, _ in wanted):
                return 400, "InvalidPartOrder", "The list of parts was not in ascending order."
            if any(number not in parts or parts[number].etag != etag for number, etag in wanted):
                return 400, "InvalidPart", "One or more of the specified parts could not be found."
        return None

    @staticmethod
    def parts(body):
        """Numbers and ETags that a CompleteMultipartUpload names."""
        text = body.decode()
        return [
            (int(number), etag)
            for number, etag in re.findall(r"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag></Part>", text)]

    def perform(self, action, key, parameters, body, make, put):
        """Does what was not refused. `make` makes an object of bytes, and `put` puts one into the bucket.

        The answer: status, headers, body."""
        if action == "put":
            obj = make(key, body)
            put(obj)
            return 200, {"ETag": obj.etag}, b""
        if action == "createUpload":
            upload_id = secrets.token_hex(16)
            self.open[upload_id] = {"key": key, "parts": {}}
            return self.document("InitiateMultipartUploadResult", "<UploadId>%s</UploadId>" % upload_id)
        upload_id = parameters["uploadId"].decode()
        if action == "uploadPart":
            part = make(key, body)
            self.open[upload_id]["parts"][int(parameters["partNumber"])] = part
            return 200, {"ETag": part.etag}, b""
        upload = self.open.pop(upload_id)
        if action == "abortUpload":
            return 204, {}, b""
        wanted = self.parts(body)
        obj = make(key, b"".join(upload["parts"][number].body for number, _ in wanted))
        obj.etag = '"%s-%d"' % (obj.etag.strip('"'), len(wanted))
        put(obj)
        return self.document("CompleteMultipartUploadResult", "<ETag>%s</ETag>" % escape(obj.etag, {'"': "&quot;"}))

    @staticmethod
    def document(name, text):
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<%s %s>%s</%s>' % (name, NAMESPACE, text, name)
        return 200, {"Content-Type": "application/xml"}, text.encode()
