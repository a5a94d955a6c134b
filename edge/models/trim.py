#!/usr/bin/env python3
"""Trims botocore's service models to what Berth reads.

Documentation, examples and client-side hints go; of EC2, IAM and Logs only the operations named
below and the shapes they reach stay, and the names of all other operations are kept as
"otherOperations", so that an operation which AWS has and Berth has not is told from a misspelt one.

    pip install botocore==1.43.11 && python3 edge/models/trim.py
"""
import gzip
import json
import pathlib

import botocore

HERE = pathlib.Path(__file__).resolve().parent
MAIN = HERE.parent / "src/main/resources/dev/berth/edge/aws/models"
TEST = HERE.parent / "src/test/resources/dev/berth/edge/aws/models"

EC2 = """
DescribeAccountAttributes DescribeImages DescribeAvailabilityZones DescribeRegions
CreateVpc ModifyVpcAttribute DescribeVpcs DescribeVpcAttribute DescribeVpcClassicLink
DescribeVpcClassicLinkDnsSupport DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups DeleteVpc
CreateSubnet ModifySubnetAttribute DescribeSubnets DescribeNetworkInterfaces DeleteSubnet DescribeVpcEndpoints
CreateInternetGateway AttachInternetGateway DescribeInternetGateways DetachInternetGateway DeleteInternetGateway
AllocateAddress CreateNatGateway DescribeAddresses DescribeNatGateways DeleteNatGateway AssociateAddress
DisassociateAddress ReleaseAddress
CreateRouteTable CreateRoute ReplaceRoute AssociateRouteTable ReplaceRouteTableAssociation DeleteRoute
DisassociateRouteTable DeleteRouteTable
CreateSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress
UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress
DescribeSecurityGroupRules RevokeSecurityGroupIngress RevokeSecurityGroupEgress DeleteSecurityGroup
CreateTags DeleteTags
DescribeAddressesAttribute DescribeTags ModifySecurityGroupRules CreateNetworkAclEntry DeleteNetworkAclEntry
ReplaceNetworkAclEntry ReplaceNetworkAclAssociation
CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate DescribeLaunchTemplates
DescribeLaunchTemplateVersions DeleteLaunchTemplate GetInstanceUefiData
""".split()

IAM = """
CreateRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription AttachRolePolicy TagRole UntagRole
GetRole ListRoles ListRoleTags ListRolePolicies GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole
DetachRolePolicy DeleteRolePolicy DeleteRole PutRolePolicy
PutRolePermissionsBoundary DeleteRolePermissionsBoundary
CreateOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint TagOpenIDConnectProvider
UntagOpenIDConnectProvider GetOpenIDConnectProvider DeleteOpenIDConnectProvider ListOpenIDConnectProviders
AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider
CreatePolicy GetPolicy GetPolicyVersion ListPolicies ListPolicyVersions CreatePolicyVersion SetDefaultPolicyVersion
DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy ListEntitiesForPolicy
CreateInstanceProfile GetInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
DeleteInstanceProfile ListInstanceProfiles
GetUser ListAccountAliases CreateServiceLinkedRole
""".split()

LOGS = """
CreateLogGroup PutRetentionPolicy DeleteRetentionPolicy TagLogGroup UntagLogGroup DescribeLogGroups
ListTagsLogGroup DeleteLogGroup ListTagsForResource TagResource UntagResource CreateLogStream PutLogEvents
""".split()

# service, API version, operations to keep (None: all), where to
SERVICES = [
    ("eks", "2017-11-01", None, MAIN),
    ("ec2", "2016-11-15", EC2, MAIN),
    ("iam", "2010-05-08", IAM, MAIN),
    ("sts", "2011-06-15", None, MAIN),
    ("logs", "2014-03-28", LOGS, TEST),
]

METADATA = ["apiVersion", "endpointPrefix", "protocol", "serviceId", "signingName", "jsonVersion", "targetPrefix", "xmlNamespace"]
SHAPE = ["type", "enum", "min", "max", "pattern", "required", "payload", "flattened", "locationName", "timestampFormat",
         "union", "sensitive"]
MEMBER = ["shape", "location", "locationName", "queryName", "flattened", "timestampFormat", "idempotencyToken"]


def pick(source, names):
    return {n: source[n] for n in names if n in source and source[n] is not None and source[n] is not False}


def shape_of(source):
    kept = pick(source, SHAPE)
    if "members" in source:
        kept["members"] = {n: pick(m, MEMBER) for n, m in source["members"].items()}
    for part in ("member", "key", "value"):
        if part in source:
            kept[part] = pick(source[part], MEMBER)
    if source.get("exception"):
        kept["exception"] = True
        kept.update(error=pick(source.get("error", {}), ["code", "httpStatusCode", "senderFault"]))
    return kept


def operation_of(source):
    kept = {"http": pick(source["http"], ["method", "requestUri", "responseCode"])}
    for part in ("input", "output"):
        if part in source:
            kept[part] = pick(source[part], ["shape", "resultWrapper"])
    if "errors" in source:
        kept["errors"] = [e["shape"] for e in source["errors"]]
    return kept


def reach(shapes, roots):
    seen, todo = set(), list(roots)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        todo += [m["shape"] for m in shape.get("members", {}).values()]
        todo += [shape[p]["shape"] for p in ("member", "key", "value") if p in shape]
    return seen


def trim(service, version, wanted, folder):
    base = pathlib.Path(botocore.__file__).parent / "data" / service / version
    packed = base / "service-2.json.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (base / "service-2.json").read_bytes()
    model = json.loads(text)
    names = list(model["operations"]) if wanted is None else wanted
    missing = [n for n in names if n not in model["operations"]]
    if missing:
        raise SystemExit(f"{service}: no such operations: {missing}")
    operations = {n: operation_of(model["operations"][n]) for n in sorted(set(names))}
    roots = [o[p]["shape"] for o in operations.values() for p in ("input", "output") if p in o]
    roots += [e for o in operations.values() for e in o.get("errors", [])]
    out = {
        "botocore": botocore.__version__,
        "metadata": pick(model["metadata"], METADATA),
        "operations": operations,
        "otherOperations": sorted(set(model["operations"]) - set(operations)),
        "shapes": {n: shape_of(model["shapes"][n]) for n in sorted(reach(model["shapes"], roots))},
    }
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{service}.json"
    # One operation or shape a line: small, and still readable as a diff.
    lines = ["{"]
    for key in ("botocore", "metadata", "otherOperations"):
        lines.append(f'"{key}":{json.dumps(out[key], separators=(",", ":"))},')
    for key in ("operations", "shapes"):
        lines.append(f'"{key}":' + "{")
        entries = [f"{json.dumps(n)}:{json.dumps(v, separators=(',', ':'))}" for n, v in out[key].items()]
        lines.append(",\n".join(entries))
        lines.append("}," if key == "operations" else "}")
    lines.append("}")
    target.write_text("\n".join(lines) + "\n")
    print(f"{service}: {len(operations)} operations, {len(out['shapes'])} shapes, {target.stat().st_size} bytes")


for each in SERVICES:
    trim(*each)
