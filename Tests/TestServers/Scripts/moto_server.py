#!/usr/bin/env python3
"""moto's server, with two corrections: moto_server.py PORT.

A condition whose key is missing from the request doesn't match (IAM User Guide, "IAM JSON policy elements: Condition"),
so that a trust policy which demands an external ID refuses a call without one. moto 5.2.1 lets such a call pass: it
compares the values that are there.

A principal that is a role's ARN, or its account's, stands for the role's sessions too (IAM User Guide, "AWS JSON policy
elements: Principal"); moto compares the ARN of the session only.
"""
import sys

from moto.iam.access_control import IAMPolicyStatement
from moto.iam.policy_conditions import TrustCondition
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
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
