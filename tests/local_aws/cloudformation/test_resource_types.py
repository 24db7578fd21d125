"""CloudFormation types that stock ministack refuses, and secrets that reach a container's process.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

import json
import uuid
from typing import Any

import pytest

from local_aws.cloudformation.resource_types import known
from local_aws.cloudformation.resource_types.record_only import RECORD_ONLY
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack, get
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.7.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.7.0.0/24"}}


def group(description: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": description},
    }


@pytest.fixture
def stack(aws: LocalAws) -> Stack:
    return Stack(aws.client("cloudformation"))


def test_nat_gateway_has_an_elastic_address(aws: LocalAws, stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-natgateway.html"""
    address = {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}}
    gateway = {"AllocationId": get("Ip", "AllocationId"), "SubnetId": {"Ref": "Subnet"}}
    resources = {
        "Vpc": VPC,
        "Subnet": SUBNET,
        "Ip": address,
        "Nat": {"Type": "AWS::EC2::NatGateway", "Properties": gateway},
    }
    made = stack.create(
        resources, Nat=get("Nat", "NatGatewayId"), Allocation=get("Ip", "AllocationId"), Ip={"Ref": "Ip"}
    )
    ec2 = aws.client("ec2")
    assert made["Nat"] in [nat["NatGatewayId"] for nat in ec2.describe_nat_gateways()["NatGateways"]]
    addresses = {address["AllocationId"]: address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]}
    assert addresses[made["Allocation"]] == made["Ip"]
    stack.delete()
    assert made["Allocation"] not in [address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]]


def test_vpc_tells_its_address_range(stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html"""
    assert stack.create({"Vpc": VPC}, Range=get("Vpc", "CidrBlock"))["Range"] == "10.7.0.0/16"


def test_f18_security_group_rule_of_its_own_opens_and_closes_a_port(aws: LocalAws, stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html"""
    rule = {
        "GroupId": get("Database", "GroupId"),
        "SourceSecurityGroupId": get("Web", "GroupId"),
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
    }
    groups = {"Vpc": VPC, "Database": group("database"), "Web": group("web")}
    ingress = {"Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": rule}}
    made = stack.create(groups | ingress, Database=get("Database", "GroupId"), Web=get("Web", "GroupId"))
    permissions = permitted(aws, made["Database"])
    assert [(p["FromPort"], p["UserIdGroupPairs"][0]["GroupId"]) for p in permissions] == [(5432, made["Web"])]
    stack.update(groups, Database=get("Database", "GroupId"), Web=get("Web", "GroupId"))
    assert permitted(aws, made["Database"]) == []


def permitted(aws: LocalAws, group_id: str) -> list[dict[str, Any]]:
    groups = aws.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    permissions: list[dict[str, Any]] = groups[0]["IpPermissions"]
    return permissions


def test_rule_for_a_group_that_does_not_exist_fails_the_stack(stack: Stack) -> None:
    rule = {"GroupId": "sg-0missing", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "CidrIp": "10.0.0.0/8"}
    body = {"Rule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": rule}}
    with pytest.raises(AssertionError, match=r"InvalidGroup\.NotFound"):
        stack.create(body)


def test_flow_log_is_found_by_the_api(aws: LocalAws, stack: Stack) -> None:
    properties = {
        "ResourceId": {"Ref": "Vpc"},
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogGroupName": "flow",
    }
    made = stack.create(
        {"Vpc": VPC, "Log": {"Type": "AWS::EC2::FlowLog", "Properties": properties}}, Id=get("Log", "Id")
    )
    flow_logs = aws.client("ec2").describe_flow_logs(FlowLogIds=[made["Id"]])["FlowLogs"]
    assert [log["TrafficType"] for log in flow_logs] == ["REJECT"]


def test_composite_alarm_follows_its_children(aws: LocalAws, stack: Stack) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-compositealarm.html"""
    child = {
        "AlarmName": f"{stack.name}-child",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "MetricName": "Errors",
        "Namespace": "Tests",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 1,
    }
    rule = {"AlarmName": f"{stack.name}-any", "AlarmRule": {"Fn::Sub": 'ALARM("${Child}")'}}
    alarms = {
        "Child": {"Type": "AWS::CloudWatch::Alarm", "Properties": child},
        "Any": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": rule},
    }
    arn = stack.create(alarms, Arn=get("Any", "Arn"))["Arn"]
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=f"{stack.name}-child", StateValue="ALARM", StateReason="a test")
    alarms = cloudwatch.describe_alarms(AlarmNames=[f"{stack.name}-any"], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    assert [(alarm["AlarmArn"], alarm["StateValue"]) for alarm in alarms] == [(arn, "ALARM")]


def test_oidc_provider_is_found_by_the_api(aws: LocalAws, stack: Stack) -> None:
    properties = {"Url": f"https://{stack.name}.example.com", "ClientIdList": ["sts.amazonaws.com"]}
    arn = stack.create({"P": {"Type": "AWS::IAM::OIDCProvider", "Properties": properties}}, Arn=get("P", "Arn"))["Arn"]
    provider = aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert provider["ClientIDList"] == ["sts.amazonaws.com"]


def test_every_record_only_type_has_a_reason_and_is_deployable() -> None:
    assert all(len(rule.reason) > 10 for rule in RECORD_ONLY.values())
    assert set(RECORD_ONLY) <= known()


TELLS = "#!/usr/bin/env python3\nimport os\nprint(os.environ['PASSWORD'], os.environ['COLOUR'], flush=True)\n"


@pytest.fixture
def template(registry: Registry) -> dict[str, Any]:
    password = {"Fn::Join": ["", [{"Ref": "Login"}, ":password::"]]}
    options = {"awslogs-group": {"Ref": "Logs"}, "awslogs-region": "us-west-2", "awslogs-stream-prefix": "stack"}
    container = {
        "Name": "main",
        "Image": registry.program(TELLS),
        "Environment": [{"Name": "COLOUR", "Value": "green"}],
        "Secrets": [{"Name": "PASSWORD", "ValueFrom": password}],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": options},
    }
    return {
        "Parameters": {"Said": {"Type": "String", "Default": "a login"}},
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup"},
            "Login": {
                "Type": "AWS::SecretsManager::Secret",
                "Properties": {"SecretString": json.dumps({"password": "hidden"}), "Description": {"Ref": "Said"}},
            },
            "Tasks": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {"NetworkMode": "awsvpc", "ContainerDefinitions": [container]},
            },
        },
        "Outputs": {name: {"Value": {"Ref": name}} for name in ("Login", "Logs", "Tasks")},
    }


def test_a_templates_secret_reaches_the_process(aws: LocalAws, ecs: Ecs, template: dict[str, Any]) -> None:
    made = _created(aws, template)
    arn = ecs.run(made["Tasks"])
    assert ecs.wait(arn, "STOPPED")["containers"][0]["exitCode"] == 0
    stream = f"stack/main/{arn.rsplit('/', 1)[-1]}"
    events = aws.client("logs").get_log_events(logGroupName=made["Logs"], logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["hidden green"]


def test_the_reference_of_a_secret_is_its_arn_for_its_whole_life(aws: LocalAws, template: dict[str, Any]) -> None:
    secrets, cloudformation = aws.client("secretsmanager"), aws.client("cloudformation")
    made = _created(aws, template)
    assert secrets.describe_secret(SecretId=made["Login"])["ARN"] == made["Login"]
    said = [{"ParameterKey": "Said", "ParameterValue": "another login"}]
    cloudformation.update_stack(StackName=made["stack"], UsePreviousTemplate=True, Parameters=said)
    _over(aws, made["stack"])
    described = secrets.describe_secret(SecretId=made["Login"])
    assert (described["ARN"], described["Description"]) == (made["Login"], "another login")
    cloudformation.delete_stack(StackName=made["stack"])
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        wait_for(lambda: secrets.describe_secret(SecretId=made["Login"]), lambda _: False)


def _created(aws: LocalAws, template: dict[str, Any]) -> dict[str, str]:
    name = f"stack-{uuid.uuid4().hex[:8]}"
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    outputs = _over(aws, name)["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in outputs} | {"stack": name}


def _over(aws: LocalAws, name: str) -> dict[str, Any]:
    client = aws.client("cloudformation")

    def look() -> dict[str, Any]:
        stacks: list[dict[str, Any]] = client.describe_stacks(StackName=name)["Stacks"]
        return stacks[0]

    return wait_for(look, lambda stack: stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"))
