#!/usr/bin/env python3
"""Writes endpoints.json: where botocore sends S3's and STS's requests, for the tests to compare with.

Use: .build/venv/bin/python make_endpoints.py > endpoints.json

The endpoints come from the rules that botocore ships for its own clients (endpoint-rule-set-1). Those give names to
FIPS endpoints everywhere, though DNS has only some of them; endpoints.json of botocore lists those. A row whose
partition has none for the service is therefore refused here ("refusal") where the rules are silent.
"""
import json
import sys

import botocore
from botocore.args import LEGACY_GLOBAL_STS_REGIONS
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

LOADER = Loader()
PARTITIONS = LOADER.load_data("partitions")
PUBLISHED = {partition["partition"]: partition for partition in LOADER.load_data("endpoints")["partitions"]}
ACCOUNT = "123456789012"


RULES = {
    service: EndpointProvider(LOADER.load_service_model(service, "endpoint-rule-set-1"), PARTITIONS)
    for service in ("s3", "sts")
}


def has_fips(partition, service):
    """Whether any FIPS endpoint of the service is published in the partition."""
    published = PUBLISHED[partition]["services"].get(service, {})
    places = [published.get("defaults", {}), *published.get("endpoints", {}).values()]
    return any("fips" in variant["tags"] for place in places for variant in place.get("variants", []))


def resolve(service, partition, region, **parameters):
    """URL and signing region, or why there is none."""
    try:
        endpoint = RULES[service].resolve_endpoint(Region=region, **parameters)
    except EndpointProviderError as error:
        return {"refusal": str(error)}
    if parameters["UseFIPS"] and not has_fips(partition, service):
        return {"refusal": "no FIPS endpoint is published in the partition"}
    schemes = endpoint.properties.get("authSchemes") or [{}]
    return {"url": endpoint.url, "signingRegion": schemes[0].get("signingRegion", region)}


def variants():
    return [(fips, dual_stack) for fips in (False, True) for dual_stack in (False, True)]


def regions():
    for partition in PARTITIONS["partitions"]:
        for region in partition["regions"]:
            if not region.endswith("-global"):
                yield partition["id"], region


FIRST_REGIONS = {partition["outputs"]["implicitGlobalRegion"] for partition in PARTITIONS["partitions"]} | {"eu-west-1"}


def s3_rows():
    for partition, region in regions():
        point = "arn:%s:s3:%s:%s:accesspoint/my-point" % (partition, region, ACCOUNT)
        others = ("with.dots", "Upper_Case", "point-abc123-s3alias", point) if region in FIRST_REGIONS else ()
        for bucket in ("bucket", *others):
            for fips, dual_stack in variants():
                row = {"region": region, "bucket": bucket, "fips": fips, "dualStack": dual_stack, "pathStyle": None}
                yield row | resolve(
                    "s3", partition, region, Bucket=bucket, UseFIPS=fips, UseDualStack=dual_stack, Accelerate=False,
                    UseGlobalEndpoint=False)
    for region in ("us-east-1", "cn-north-1"):
        partition = "aws" if region == "us-east-1" else "aws-cn"
        point = "arn:%s:s3:%s:%s:accesspoint/my-point" % (partition, region, ACCOUNT)
        for endpoint in (None, "https://s3.example.com/base", "http://localhost:9000", "http://127.0.0.1:9000"):
            for bucket in ("bucket", "Upper_Case", point):
                for path_style in (False, True):
                    # Botocore makes a host name even of an access point and an IP address, which DNS can't have.
                    if endpoint == "http://127.0.0.1:9000" and bucket == point:
                        continue
                    for fips, dual_stack in variants() if endpoint else [(False, False)]:
                        row = {
                            "region": region, "bucket": bucket, "fips": fips, "dualStack": dual_stack,
                            "pathStyle": path_style, "endpoint": endpoint}
                        parameters = {"Endpoint": endpoint} if endpoint else {}
                        yield row | resolve(
                            "s3", partition, region, Bucket=bucket, UseFIPS=fips, UseDualStack=dual_stack,
                            Accelerate=False, UseGlobalEndpoint=False, ForcePathStyle=path_style, **parameters)


def sts_rows():
    for partition, region in regions():
        for legacy in (False, True):
            for fips, dual_stack in variants():
                row = {
                    "partition": partition, "region": region, "fips": fips, "dualStack": dual_stack, "legacy": legacy}
                yield row | resolve(
                    "sts", partition, region, UseFIPS=fips, UseDualStack=dual_stack,
                    UseGlobalEndpoint=legacy and region in LEGACY_GLOBAL_STS_REGIONS)
    for fips, dual_stack in variants():
        row = {
            "partition": "aws", "region": "us-east-1", "fips": fips, "dualStack": dual_stack, "legacy": False,
            "endpoint": "http://localhost:9000/sts"}
        yield row | resolve(
            "sts", "aws", "us-east-1", UseFIPS=fips, UseDualStack=dual_stack, UseGlobalEndpoint=False,
            Endpoint="http://localhost:9000/sts")


def partition_rows():
    for partition in PARTITIONS["partitions"]:
        outputs = partition["outputs"]
        yield {
            "name": partition["id"], "dnsSuffix": outputs["dnsSuffix"],
            "dualStackDNSSuffix": outputs["dualStackDnsSuffix"], "defaultRegion": outputs["implicitGlobalRegion"],
            "regions": [region for region in partition["regions"] if not region.endswith("-global")]}


def lines(rows):
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


sys.stdout.write(
    '{"botocore": "%s",\n"partitions": %s,\n"s3": %s,\n"sts": %s}\n'
    % (botocore.__version__, lines(partition_rows()), lines(s3_rows()), lines(sts_rows())))
