#!/usr/bin/env python3
"""Writes the actions of the services that Dredge's policies name.

make_action_list.py > Sources/DredgePolicy/Lint/ActionList.swift

Which actions there are, and which kind of resource each is about, comes from AWS's policy generator, as cfn-lint
carries it; it has them in small letters only. How they are written comes from the operations of botocore's service
models, which most actions are named after, and for the others from the words that those operations are made of.
"""
import importlib.resources
import json
import re

import botocore.session
import cfnlint

SERVICES = ["glue", "iam", "kms", "redshift", "redshift-data", "redshift-serverless", "s3", "sts"]
# Words that no operation has.
WORDS = (
    "Accelerate Address All Allow Analyses Attempt Authorize Autonomics Bearer Buckets Bypass Cloudfront Code "
    "Completion Connector Consistency Console Credit Data Deny Deregister Email Executors Federate Files For From "
    "Generated Governance Group In Initiate Join Jobs Location Log Logs Managed Multi My Name Notebook One Override "
    "Owner Parsing Permissions Preview Queries Query Recipe Replicate Request Runtime Saved Send Stage Staging "
    "Storage Sts Studio Summary Synchronize Terminate Threads Time Token Tokens Transforms Unit Use Environment "
    "Connection Pass Refresh OAuth2 Vended View Delivery").split()

policies = json.loads(
    (importlib.resources.files(cfnlint) / "data" / "AdditionalSpecs" / "Policies.json").read_text())
session = botocore.session.get_session()
operations = {}
words = {word.lower(): word for word in WORDS}
for model in [*SERVICES, "s3control"]:
    for name in session.get_service_model(model).operation_names:
        operations[name.lower()] = name
        for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+", name):
            words.setdefault(word.lower(), word)


def spelled(action):
    """The action with its capitals: of the operation, else of the fewest words that it consists of."""
    if action in operations:
        return operations[action]
    best = {0: []}
    for end in range(1, len(action) + 1):
        choices = [best[start] + [words[action[start:end]]] for start in best if action[start:end] in words]
        if choices:
            best[end] = min(choices, key=len)
    return "".join(best.get(len(action), [action[:1].upper() + action[1:]]))


def mark(service, resources):
    """`*`: about no resource, so that it needs "Resource": "*"; `b`, `o`: about S3 buckets, objects; else nothing."""
    if not resources:
        return "*"
    if service == "s3":
        return ":b" if "bucket" in resources else ":o" if "object" in resources else ""
    return ""


def wrapped(entries):
    line = ""
    for entry in entries:
        if line and len(line) + 1 + len(entry) > 108:
            yield line
            line = ""
        line += (" " if line else "") + entry
    yield line


print("// Made by Scripts/make_action_list.py; don't edit.\n")
print("/// The actions of each service, separated by blanks and newlines. Behind one stands `*` where it is about no")
print("/// resource, `:b` where it is about S3 buckets, `:o` where it is about S3 objects.")
print("enum ActionList {\n    static let services: [(prefix: String, actions: String)] = [")
for service in SERVICES:
    actions = policies[service]["Actions"]
    entries = sorted(spelled(action) + mark(service, more.get("Resources")) for action, more in actions.items())
    print(f'        (\n            "{service}",\n            """')
    for line in wrapped(entries):
        print(f"            {line}")
    print('            """\n        ),')
print("    ]\n}")
