#!/usr/bin/env python3
"""Judges of policies that we did not write: policy_tools.py TOOL [ENDPOINT] < input.json > output.json.

cfn-lint   a list of templates                      -> for each a list of complaints: errors and warnings
hcl        a list of Terraform configurations        -> for each a list of [resource type, argument, value]
deploy     a list of templates, with moto's endpoint -> for each what there is then: role, policies
reset      nothing, with moto's endpoint            -> nothing; all that was there is gone
evaluate   a list of [policy, [[action, resource, context], …]] -> for each a list of truth values, by moto's evaluator
bucket     keys, bucket, objects, policy, with Ceph's endpoint -> nothing
attempt    keys, bucket, [[operation, key or prefix], …], with moto's endpoint -> for each, whether it was allowed
write      keys, role, bucket, key prefix, with Ceph's endpoint -> by the name of each operation, whether it was allowed
"""
import ast
import json
import sys
import urllib.request


def cfn_lint(templates):
    from cfnlint import lint_all

    return [
        [str(match) for match in lint_all(template) if match.rule.severity != "informational"]
        for template in templates]


def hcl(configurations):
    import hcl2

    def text(value):
        """A string as Terraform would read it."""
        if not isinstance(value, str):
            return json.dumps(value)
        value = value.strip()
        if value.startswith('"') and value.endswith('"'):
            value = value[1:-1]
        if value.startswith("<<-"):
            lines = value.split("\n")
            assert lines[-1].strip() == lines[0][3:].strip(), value
            value = "\n".join(lines[1:-1])
        return value.replace("$${", "${").replace("%%{", "%{")

    answers = []
    for configuration in configurations:
        arguments = []
        for block in hcl2.loads(configuration)["resource"]:
            for kind, bodies in block.items():
                for body in bodies.values():
                    arguments += [
                        [kind.strip('"'), name, text(value)]
                        for name, value in body.items() if not name.startswith("__")]
        answers.append(arguments)
    return answers


def client(service, endpoint, key="setup", secret="setup", token=None):
    import boto3
    from botocore.config import Config

    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
            response_checksum_validation="when_required", retries={"max_attempts": 0}))


def reset(_, endpoint):
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()


def deploy(templates, endpoint):
    """Each into an empty account that has only the roles and users that its policies are for.

    moto makes no bucket policies."""
    stacks, iam = client("cloudformation", endpoint), client("iam", endpoint)
    answers = []
    for template in templates:
        reset(None, endpoint)
        resources = [(item["Type"], item["Properties"]) for item in json.loads(template)["Resources"].values()]
        for _, properties in resources:
            for name in properties.get("Roles", []):
                iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
            for name in properties.get("Users", []):
                iam.create_user(UserName=name)
        stacks.create_stack(StackName="stack", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
        status = stacks.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]
        assert status == "CREATE_COMPLETE", status
        answer = {}
        for kind, properties in resources:
            if kind == "AWS::IAM::Role":
                role = iam.get_role(RoleName=properties["RoleName"])["Role"]
                answer |= {"arn": role["Arn"], "trust": role["AssumeRolePolicyDocument"]}
                for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                    document = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)["PolicyDocument"]
                    # moto shows such a policy as Python writes it.
                    answer[policy] = ast.literal_eval(document) if isinstance(document, str) else document
            elif "Roles" in properties:
                answer[properties["PolicyName"]] = iam.get_role_policy(
                    RoleName=properties["Roles"][0], PolicyName=properties["PolicyName"])["PolicyDocument"]
            else:
                answer[properties["PolicyName"]] = iam.get_user_policy(
                    UserName=properties["Users"][0], PolicyName=properties["PolicyName"])["PolicyDocument"]
        answers.append(json.dumps(answer))
    return answers


def evaluate(questions):
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.iam.policy_conditions import TrustCondition

    # As in moto_server.py: a key that is not there doesn't match.
    verify = TrustCondition.verify_condition
    TrustCondition.verify_condition = (
        lambda self, values: len(values) == len(self.context_keys) and verify(self, values))
    return [
        [
            IAMPolicy(policy).is_action_permitted(action, resource, incoming_condition_values=context)
            == PermissionResult.PERMITTED
            for action, resource, context in requests
        ]
        for policy, requests in questions
    ]


def bucket(order, endpoint):
    """A bucket with objects, and perhaps a policy."""
    s3 = client("s3", endpoint, *order["keys"])
    s3.create_bucket(Bucket=order["bucket"])
    for key, text in order["objects"].items():
        s3.put_object(Bucket=order["bucket"], Key=key, Body=text.encode())
    if order.get("policy"):
        s3.put_bucket_policy(Bucket=order["bucket"], Policy=order["policy"])


def write(order, endpoint):
    """What a service does that writes objects, one operation after the other, in a session of the role."""
    import botocore.exceptions

    session = client("sts", endpoint, *order["keys"]).assume_role(
        RoleArn=order["role"], RoleSessionName="writer")["Credentials"]
    s3 = client("s3", endpoint, session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    owner = client("s3", endpoint, *order["owner_keys"])
    place = {"Bucket": order["bucket"], "Key": order["prefix"] + "object"}
    upload = {**place, "UploadId": owner.create_multipart_upload(**place)["UploadId"]}
    outside = {"Bucket": order["bucket"], "Key": "outside/object"}
    operations = {
        "put": lambda: s3.put_object(**place, Body=b"x"),
        "put outside": lambda: s3.put_object(**outside, Body=b"x"),
        "start upload": lambda: s3.create_multipart_upload(**place),
        "list uploads": lambda: s3.list_multipart_uploads(Bucket=order["bucket"]),
        "list parts": lambda: s3.list_parts(**upload),
        "abort upload": lambda: s3.abort_multipart_upload(**upload),
        "get": lambda: s3.get_object(**place),
        "delete": lambda: s3.delete_object(**place),
    }
    answers = {}
    for name, operation in operations.items():
        try:
            operation()
            answers[name] = True
        except botocore.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
            answers[name] = False
    return answers


def attempt(order, endpoint):
    """What an identity may do in a bucket. Who is told that an object is missing may look for it."""
    import botocore.exceptions

    s3, bucket = client("s3", endpoint, *order["keys"]), order["bucket"]
    operations = {
        "put": lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"x", IfNoneMatch="*"),
        "overwrite": lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"x"),
        "start upload": lambda key: s3.create_multipart_upload(Bucket=bucket, Key=key),
        "get": lambda key: s3.get_object(Bucket=bucket, Key=key),
        "delete": lambda key: s3.delete_object(Bucket=bucket, Key=key),
        "list": lambda prefix: s3.list_objects_v2(Bucket=bucket, Prefix=prefix),
    }
    answers = []
    for name, key in order["attempts"]:
        try:
            operations[name](key)
            answers.append(True)
        except botocore.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status in (403, 404), (name, key, error)
            answers.append(status == 404)
    return answers


tools = {
    "cfn-lint": cfn_lint, "reset": reset, "hcl": hcl, "deploy": deploy, "evaluate": evaluate, "bucket": bucket,
    "attempt": attempt, "write": write}
json.dump(tools[sys.argv[1]](json.load(sys.stdin), *sys.argv[2:]), sys.stdout)
