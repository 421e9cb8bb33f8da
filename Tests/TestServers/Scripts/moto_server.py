#!/usr/bin/env python3
"""moto's server, with five corrections: moto_server.py PORT.

A condition whose key is missing from the request doesn't match (IAM User Guide, "IAM JSON policy elements: Condition"),
so that a trust policy which demands an external ID refuses a call without one. moto 5.2.1 lets such a call pass: it
compares the values that are there.

A principal that is a role's ARN, or its account's, stands for the role's sessions too (IAM User Guide, "AWS JSON policy
elements: Principal"); moto compares the ARN of the session only.

A signature is of the path and the query as they were sent, percent signs included; moto takes them decoded, and refuses
a listing whose prefix has a slash.

In an identity's policy, `s3:prefix` is what a listing asks for, `StringLike` compares, and a statement whose conditions
don't hold says nothing (IAM User Guide, "Policy evaluation logic"); moto takes such a statement for a denial.

Whoever may not list a missing key is told that it is forbidden (Amazon S3 API Reference, GetObject): the key stands for
the prefix of a listing then. moto tells everybody that it is missing.
"""
import contextvars
import fnmatch
import sys

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.iam.access_control import IAMPolicyStatement, PermissionResult, S3IAMRequest
from moto.iam.policy_conditions import CONDITION_OPERATIONS, TrustCondition
from moto.server import main

verify = TrustCondition.verify_condition


def verify_condition(self, actual_values):
    return len(actual_values) == len(self.context_keys) and verify(self, actual_values)


TrustCondition.verify_condition = verify_condition

check_principal = IAMPolicyStatement._check_principal


def check_role(self, principal):
    if check_principal(self, principal):
        return True
    expected = (self._statement.get("Principal") or {}).get("AWS") or []
    account, resource = principal.split(":")[4:6]
    # A session's ARN lacks the role's path, but a role's name is unique in its account.
    name = resource.split("/")[1] if resource.startswith("assumed-role/") else None
    return any(
        arn == account or arn.endswith(f":iam::{account}:root")
        or (name and f":iam::{account}:role/" in arn and arn.endswith(f"/{name}"))
        for arn in ([expected] if isinstance(expected, str) else expected))


IAMPolicyStatement._check_principal = check_role

authenticate = ActionAuthenticatorMixin._authenticate_and_authorize_action
conditions = contextvars.ContextVar("conditions", default={})


def authenticate_as_sent(self, request_class, resource="*"):
    decoded = self.uri
    if request_class is S3IAMRequest:
        self.uri = self.request.environ["RAW_URI"]
        prefix = self.request.args.get("prefix")
        conditions.set({} if prefix is None else {"s3:prefix": prefix})
    try:
        authenticate(self, request_class, resource)
        if request_class is S3IAMRequest and self._get_action() == "GetObject":
            authorize_missing(self, *resource.split("/", 1))
    finally:
        self.uri = decoded
        conditions.set({})


def authorize_missing(self, bucket, key):
    is_off = ActionAuthenticatorMixin.request_count < settings.INITIAL_NO_AUTH_ACTION_COUNT
    name = bucket.split(":::")[1]
    if is_off or name not in self.backend.buckets or self.backend.get_object(name, key):
        return
    conditions.set({"s3:prefix": key})
    S3IAMRequest(
        account_id=self.current_account, method=self.method, path="", data=self.data, body=b"", headers=self.headers,
        action="ListBucket").check_action_permitted(bucket)


ActionAuthenticatorMixin._authenticate_and_authorize_action = authenticate_as_sent

is_action_permitted = IAMPolicyStatement.is_action_permitted


def is_action_permitted_if(self, action, resource="*", principal=None, values=None):
    if principal is None:
        values = conditions.get()
        if not self._check_conditions(values):
            return PermissionResult.NEUTRAL
    return is_action_permitted(self, action, resource, principal, values)


def string_like(patterns, value):
    return any(
        fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
        for pattern in ([patterns] if isinstance(patterns, str) else patterns))


IAMPolicyStatement.is_action_permitted = is_action_permitted_if
CONDITION_OPERATIONS["StringLike"] = string_like
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
