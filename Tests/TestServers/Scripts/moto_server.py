#!/usr/bin/env python3
"""moto's server, with one correction: moto_server.py PORT.

A condition whose key is missing from the request doesn't match (IAM User Guide, "IAM JSON policy elements: Condition"), so that a trust
policy which demands an external ID refuses a call without one. moto 5.2.1 lets such a call pass: it compares the values that are there.
"""
import sys

from moto.iam.policy_conditions import TrustCondition
from moto.server import main

verify = TrustCondition.verify_condition


def verify_condition(self, actual_values):
    return len(actual_values) == len(self.context_keys) and verify(self, actual_values)


TrustCondition.verify_condition = verify_condition
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
