"""The AWS part of the lab with boto3, given nothing but the environment of `berth env`.

Every step that holds is one line on standard output; the first that does not ends the program.
"""

import json
import sys
import uuid

import boto3
import botocore.exceptions

CLUSTER = "shirwalab-eks-dev"
OTHER = "shirwalab-eks-other"
QUICKLY = {"Delay": 1, "MaxAttempts": 120}
TRUST = "eks-fargate-pods.amazonaws.com"

ec2, eks, iam, sts = (boto3.client(name) for name in ("ec2", "eks", "iam", "sts"))


def holds(what, truth):
    if not truth:
        sys.exit("does not hold: " + what)
    print("holds:", what, flush=True)


def refuses(what, kind, words, call, **arguments):
    """The call ends with this very class of exception and these words; gives the whole answer."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as refused:
        said = refused.response["Error"]["Message"]
        if type(refused) is not kind or words not in said:
            sys.exit(f"{what}: {type(refused).__name__} {said!r}, not {kind.__name__} {words!r}")
        print("refused:", what, flush=True)
        return refused.response
    sys.exit(what + ": was not refused")


def refuses_with_code(what, code, call, **arguments):
    """EC2 has codes and no classes of its own."""
    answer = refuses(what, botocore.exceptions.ClientError, "", call, **arguments)
    if answer["Error"]["Code"] != code:
        sys.exit(f"{what}: {answer['Error']['Code']}, not {code}")


def make_role(name, service, policy):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    iam.get_waiter("role_exists").wait(RoleName=name, WaiterConfig=QUICKLY)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/" + policy)
    return role["Arn"]


def make_network():
    vpc = ec2.create_vpc(CidrBlock="172.29.0.0/16")["Vpc"]["VpcId"]
    ec2.get_waiter("vpc_available").wait(VpcIds=[vpc], WaiterConfig=QUICKLY)
    subnets = []
    for number in range(1, 7):
        subnet = ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"172.29.{number}.0/24",
            AvailabilityZone="eu-west-1" + "abc"[number % 3],
            TagSpecifications=[
                {
                    "ResourceType": "subnet",
                    "Tags": [{"Key": "lab", "Value": "private" if number < 4 else "public"}],
                }
            ],
        )["Subnet"]["SubnetId"]
        subnets.append(subnet)
    ec2.get_waiter("subnet_available").wait(SubnetIds=subnets, WaiterConfig=QUICKLY)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    associations = [
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        for subnet in subnets[3:]
    ]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[3], AllocationId=address)
    nat = nat["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig=QUICKLY)
    return vpc, subnets, gateway, table, associations, address, nat


def remove_network(vpc, subnets, gateway, table, associations, address, nat):
    refuses_with_code(
        "a VPC with subnets", "DependencyViolation", ec2.delete_vpc, VpcId=vpc)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[nat], WaiterConfig=QUICKLY)
    ec2.release_address(AllocationId=address)
    for association in associations:
        ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    refuses_with_code(
        "a VPC that is gone", "InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc])


def pages(client, operation, member, **arguments):
    """The elements of every page, and how many pages there were."""
    all_pages = list(client.get_paginator(operation).paginate(**arguments))
    return [element for page in all_pages for element in page[member]], len(all_pages)


# --- who we are
me = sts.get_caller_identity()
holds("the caller is the account's root", me["Arn"] == f"arn:aws:iam::{me['Account']}:root")

# --- the network
network = make_network()
vpc, subnets = network[0], network[1]
mine = [{"Name": "vpc-id", "Values": [vpc]}]
found, count = pages(
    ec2, "describe_subnets", "Subnets", Filters=mine, PaginationConfig={"PageSize": 5})
holds(
    "six subnets come on two pages",
    sorted(subnet["SubnetId"] for subnet in found) == sorted(subnets) and count == 2)
found, _ = pages(
    ec2, "describe_subnets", "Subnets", Filters=mine + [{"Name": "tag:lab", "Values": ["priv*"]}])
holds("a filter by tag finds three", len(found) == 3)
groups, _ = pages(ec2, "describe_security_groups", "SecurityGroups", Filters=mine)
holds(
    "the VPC has its default group, open to itself and outwards",
    [group["GroupName"] for group in groups] == ["default"]
    and groups[0]["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == groups[0]["GroupId"]
    and groups[0]["IpPermissionsEgress"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}])
refuses_with_code(
    "a VPC that never was", "InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=["vpc-0abc"])

# --- roles
cluster_role = make_role("boto-cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
pod_role = make_role("boto-pods", TRUST, "AmazonEKSFargatePodExecutionRolePolicy")
refuses(
    "a role of the same name",
    iam.exceptions.EntityAlreadyExistsException,
    "Role with name boto-pods already exists.",
    make_role, name="boto-pods", service=TRUST, policy="AmazonEKSFargatePodExecutionRolePolicy")
refuses(
    "a role that never was", iam.exceptions.NoSuchEntityException,
    "cannot be found.", iam.get_role, RoleName="boto-absent")
refuses(
    "a role with a policy attached", iam.exceptions.DeleteConflictException,
    "must detach all policies first", iam.delete_role, RoleName="boto-pods")
roles, count = pages(iam, "list_roles", "Roles", PaginationConfig={"PageSize": 1})
holds(
    "two roles come on two pages",
    {"boto-cluster", "boto-pods"} <= {role["RoleName"] for role in roles} and count == len(roles))

# --- clusters
network_config = {"subnetIds": subnets[:3]}
token = str(uuid.uuid4())
for name in (CLUSTER, OTHER):
    made = eks.create_cluster(
        name=name, version="1.15", roleArn=cluster_role, resourcesVpcConfig=network_config,
        clientRequestToken=f"{name}-{token}")["cluster"]
    holds(
        f"{name} is being made at the version that was asked for",
        (made["status"], made["version"]) == ("CREATING", "1.15"))
again = eks.create_cluster(
    name=OTHER, version="1.15", roleArn=cluster_role, resourcesVpcConfig=network_config,
    clientRequestToken=f"{OTHER}-{token}")["cluster"]
holds("the same token makes the same cluster", again["arn"] == made["arn"])
refuses(
    "a profile in a cluster that is being made", eks.exceptions.InvalidRequestException,
    f"Cluster '{OTHER}' is not in ACTIVE status", eks.create_fargate_profile,
    clusterName=OTHER, fargateProfileName="early", podExecutionRoleArn=pod_role,
    selectors=[{"namespace": "default"}])
for name in (CLUSTER, OTHER):
    eks.get_waiter("cluster_active").wait(name=name, WaiterConfig=QUICKLY)
answer = refuses(
    "a cluster of the same name", eks.exceptions.ResourceInUseException,
    f"Cluster already exists with name: {CLUSTER}", eks.create_cluster,
    name=CLUSTER, roleArn=cluster_role, resourcesVpcConfig=network_config)
holds("the refusal names the cluster", answer.get("clusterName") == CLUSTER)
refuses(
    "a cluster that never was", eks.exceptions.ResourceNotFoundException,
    "No cluster found for name: absent.", eks.describe_cluster, name="absent")
names, count = pages(eks, "list_clusters", "clusters", PaginationConfig={"PageSize": 1})
holds("two clusters come on two pages", sorted(names) == sorted([CLUSTER, OTHER]) and count == 2)

# --- profiles
def make_profile(name, **arguments):
    wanted = {
        "clusterName": CLUSTER, "fargateProfileName": name, "podExecutionRoleArn": pod_role,
        "subnets": subnets[:3],
        "selectors": [{"namespace": "default", "labels": {"compute-type": "fargate"}}],
    }
    return eks.create_fargate_profile(**{**wanted, **arguments})["fargateProfile"]


refuses(
    "a profile on a public subnet", eks.exceptions.InvalidParameterException,
    f"Subnet {subnets[4]} provided in Fargate Profile is not a private subnet",
    make_profile, name="public", subnets=[subnets[4]])
for name in ("one", "three", "two"):
    holds(f"profile {name} is being made", make_profile(name)["status"] == "CREATING")
    eks.get_waiter("fargate_profile_active").wait(
        clusterName=CLUSTER, fargateProfileName=name, WaiterConfig=QUICKLY)
refuses(
    "a profile of the same name", eks.exceptions.ResourceInUseException,
    "A Fargate Profile already exists with this name in this cluster.", make_profile, name="one")
names, count = pages(
    eks, "list_fargate_profiles", "fargateProfileNames", clusterName=CLUSTER,
    PaginationConfig={"PageSize": 1})
holds("three profiles come on three pages", names == ["one", "three", "two"] and count == 3)
refuses(
    "a page that never was", eks.exceptions.InvalidParameterException, "",
    eks.list_fargate_profiles, clusterName=CLUSTER, nextToken="no such token")
arn = eks.describe_fargate_profile(
    clusterName=CLUSTER, fargateProfileName="one")["fargateProfile"]["fargateProfileArn"]
eks.tag_resource(resourceArn=arn, tags={"lab": "yes", "of": "boto3"})
eks.untag_resource(resourceArn=arn, tagKeys=["of"])
holds("tags stay", eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"lab": "yes"})

# --- a session of a role
ours = {"AWS": f"arn:aws:iam::{me['Account']}:root"}
statement = {"Effect": "Allow", "Principal": ours, "Action": "sts:AssumeRole"}
iam.update_assume_role_policy(
    RoleName="boto-cluster",
    PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [
            statement, {**statement, "Principal": {"Service": "eks.amazonaws.com"}}]}))
session = sts.assume_role(RoleArn=cluster_role, RoleSessionName="boto")["Credentials"]
other_me = boto3.client(
    "sts", aws_access_key_id=session["AccessKeyId"],
    aws_secret_access_key=session["SecretAccessKey"], aws_session_token=session["SessionToken"])
holds(
    "a session tells its role",
    other_me.get_caller_identity()["Arn"].endswith(":assumed-role/boto-cluster/boto"))

# --- the wrong order, then the right one
refuses(
    "a cluster with profiles", eks.exceptions.ResourceInUseException,
    f"Cannot delete because cluster {CLUSTER} currently has Fargate profile",
    eks.delete_cluster, name=CLUSTER)
for name in ("one", "two", "three"):
    gone = eks.delete_fargate_profile(clusterName=CLUSTER, fargateProfileName=name)
    holds(f"profile {name} is being deleted", gone["fargateProfile"]["status"] == "DELETING")
    eks.get_waiter("fargate_profile_deleted").wait(
        clusterName=CLUSTER, fargateProfileName=name, WaiterConfig=QUICKLY)
refuses(
    "a profile that is gone", eks.exceptions.ResourceNotFoundException,
    "No Fargate Profile found with name: one.", eks.describe_fargate_profile,
    clusterName=CLUSTER, fargateProfileName="one")
for name in (CLUSTER, OTHER):
    eks.delete_cluster(name=name)
for name in (CLUSTER, OTHER):
    eks.get_waiter("cluster_deleted").wait(name=name, WaiterConfig=QUICKLY)
holds("no cluster is left", eks.list_clusters()["clusters"] == [])
for name, policy in (
        ("boto-cluster", "AmazonEKSClusterPolicy"),
        ("boto-pods", "AmazonEKSFargatePodExecutionRolePolicy")):
    iam.detach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/" + policy)
    iam.delete_role(RoleName=name)
remove_network(*network)
print("all of it")
