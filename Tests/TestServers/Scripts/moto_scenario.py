#!/usr/bin/env python3
"""Puts a scenario into a moto server and turns on its authorization.

moto_scenario.py ENDPOINT < scenario.json > outcome.json

The scenario's form is MotoScenario in MotoScenario.swift, the outcome's MotoScenario.Outcome.
"""
import base64
import json
import sys
import urllib.request

import boto3
from botocore.config import Config

endpoint = sys.argv[1]
scenario = json.load(sys.stdin)


def reset_auth(calls):
    """After that many calls every further one is checked: signature, policies, trust, session token."""
    request = urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth", data=str(calls).encode(), method="POST",
        headers={"Content-Type": "text/plain"})
    urllib.request.urlopen(request).read()


def client(service, region="us-east-1"):
    return boto3.client(
        service, endpoint_url=endpoint, region_name=region, aws_access_key_id="setup", aws_secret_access_key="setup",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"))


reset_auth(100_000_000)
iam = client("iam")
outcome = {"accessKeys": {}, "eTags": {}}
for user in scenario["users"]:
    iam.create_user(UserName=user["name"])
    if user.get("policy"):
        iam.put_user_policy(UserName=user["name"], PolicyName="policy", PolicyDocument=user["policy"])
    key = iam.create_access_key(UserName=user["name"])["AccessKey"]
    outcome["accessKeys"][user["name"]] = {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
for role in scenario["roles"]:
    try:
        iam.create_role(RoleName=role["name"], AssumeRolePolicyDocument=role["trust"], MaxSessionDuration=43200)
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=role["name"], PolicyDocument=role["trust"])
    if role.get("policy"):
        iam.put_role_policy(RoleName=role["name"], PolicyName="policy", PolicyDocument=role["policy"])
for bucket in scenario["buckets"]:
    region = bucket["region"]
    s3 = client("s3", region)
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket["name"], **place)
    if bucket["isVersioned"]:
        s3.put_bucket_versioning(Bucket=bucket["name"], VersioningConfiguration={"Status": "Enabled"})
    eTags = outcome["eTags"][bucket["name"]] = {}
    for item in bucket["objects"]:
        more = {"StorageClass": item["storageClass"]} if item.get("storageClass") else {}
        if item.get("contentEncoding"):
            more["ContentEncoding"] = item["contentEncoding"]
        if item.get("checksumAlgorithm"):
            more["ChecksumAlgorithm"] = item["checksumAlgorithm"]
        eTags[item["key"]] = s3.put_object(
            Bucket=bucket["name"], Key=item["key"], Body=base64.b64decode(item["content"]), **more)["ETag"]
reset_auth(0)
json.dump(outcome, sys.stdout)
