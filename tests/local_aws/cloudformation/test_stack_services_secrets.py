"""What a template says of a container reaches its process: secrets by reference, with a JSON key.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

import json
import uuid
from typing import Any

import pytest

from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

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
