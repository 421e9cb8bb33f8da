"""The demo's AWS: two accounts' worth of set-up in a local moto server, and a bucket of text files of this machine.

Usage: local_aws.py ENDPOINT TEXT_DIRECTORY...   prints shell assignments for the demo. The server must have been
started with INITIAL_NO_AUTH_ACTION_COUNT; from the end of this script on it checks every signature, policy and external
ID.
"""

import json
import os
import re
import shlex
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

BUCKET = "acme-documents"
EXTERNAL_ID = "dredge_demo_0123456789abcdef"
FILE_COUNT_MAX = 3500
BYTE_COUNT_MAX = 80_000_000
FILE_BYTE_COUNT_MAX = 4_000_000
BIG_BYTE_COUNT = 42_000_000
# moto refuses correct signatures of keys with other characters.
PLAIN_KEY = re.compile(r"[A-Za-z0-9._/-]+")


def text_files(roots):
    """Real text files, one root after the other, each of them up to its share."""
    share = BYTE_COUNT_MAX // len(roots)
    count_share = FILE_COUNT_MAX // len(roots)
    for root in roots:
        total = count = 0
        for directory, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(directory, name)
                key = os.path.relpath(path, "/")
                if os.path.islink(path) or not os.path.isfile(path) or not PLAIN_KEY.fullmatch(key):
                    continue
                size = os.path.getsize(path)
                if not 0 < size <= FILE_BYTE_COUNT_MAX:
                    continue
                try:
                    with open(path, "rb") as file:
                        body = file.read()
                except OSError:
                    continue
                if b"\0" in body[:8192]:
                    continue
                yield key, body
                total, count = total + size, count + 1
                if total >= share or count >= count_share:
                    break
            if total >= share or count >= count_share:
                break


def main():
    endpoint, roots = sys.argv[1], [root for root in sys.argv[2:] if os.path.isdir(root)]
    options = dict(
        endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="setup", aws_secret_access_key="setup")
    iam = boto3.client("iam", **options)
    s3 = boto3.client("s3", config=Config(max_pool_connections=8), **options)

    # The vendor: a user that may assume roles, and nothing else.
    iam.create_user(UserName="vendor")
    iam.put_user_policy(
        UserName="vendor",
        PolicyName="assume",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/*"}],
            }
        ),
    )
    keys = iam.create_access_key(UserName="vendor")["AccessKey"]
    vendor = iam.get_user(UserName="vendor")["User"]["Arn"]

    # Who sets up the customer's account.
    iam.create_user(UserName="administrator")
    iam.put_user_policy(
        UserName="administrator",
        PolicyName="all",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        ),
    )
    administrator = iam.create_access_key(UserName="administrator")["AccessKey"]

    # The customer: a role that the vendor may assume with the external ID, and that may list and read one bucket.
    role = iam.create_role(
        RoleName="DocumentsReadRole",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": vendor},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="DocumentsReadRole",
        PolicyName="read",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"},
                ],
            }
        ),
    )

    # The bucket.
    s3.create_bucket(Bucket=BUCKET)
    put = lambda key, body: s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    files = list(text_files(roots))
    big = bytearray()
    while len(big) < BIG_BYTE_COUNT:
        for _, body in files:
            big += body
            if len(big) >= BIG_BYTE_COUNT:
                break
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda file: put(*file), files))
    put("collected/everything.txt", bytes(big))
    put("collected/", b"")
    put("empty/nothing.txt", b"")
    put("empty/nothing-either.txt", b"")
    put("legacy/latin1.txt", "Größe und Maß: ein Café in Málaga, naïveté à la carte\n".encode("latin-1") * 200)
    put("legacy/shift-jis.txt", "日本語の文書です。\n".encode("shift-jis") * 200)
    put("binary/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(2000))
    s3.put_object(Bucket=BUCKET, Key="archive/2019.txt", Body=b"cold\n" * 100, StorageClass="GLACIER")

    # As text: what looks like a form is taken apart by the server before its handler sees it.
    reset = urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth", data=b"0", method="POST", headers={"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(reset).read()
    total = sum(len(body) for _, body in files) + len(big)
    values = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "DEMO_VENDOR_ARN": vendor,
        "DEMO_ADMINISTRATOR_KEY_ID": administrator["AccessKeyId"],
        "DEMO_ADMINISTRATOR_SECRET": administrator["SecretAccessKey"],
        "DEMO_ROLE_ARN": role,
        "DEMO_EXTERNAL_ID": EXTERNAL_ID,
        "DEMO_BUCKET": BUCKET,
        "DEMO_SUMMARY": f"{len(files) + 8} objects, {total / 1e6:.0f} MB",
    }
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")


main()
