"""Small stacks, deployed through the CloudFormation API."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.local_aws.ecs.sample_services import wait_for

Record = dict[str, Any]


@dataclass
class Stack:
    """A stack of a test, by its resources and outputs."""

    client: Any
    name: str = field(default_factory=lambda: f"stack-{uuid.uuid4().hex[:8]}")

    def create(self, resources: Mapping[str, Any], **outputs: Any) -> dict[str, str]:
        self.client.create_stack(StackName=self.name, TemplateBody=template(resources, **outputs))
        return self.settled("CREATE_COMPLETE")

    def update(self, resources: Mapping[str, Any], **outputs: Any) -> dict[str, str]:
        self.client.update_stack(StackName=self.name, TemplateBody=template(resources, **outputs))
        return self.settled("UPDATE_COMPLETE")

    def delete(self) -> None:
        identity = self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"]
        self.client.delete_stack(StackName=self.name)
        wait_for(lambda: self._status(identity), lambda status: status == "DELETE_COMPLETE")

    def settled(self, status: str) -> dict[str, str]:
        reached = wait_for(lambda: self._status(self.name), lambda seen: not seen.endswith("IN_PROGRESS"))
        assert reached == status, self.reasons()
        described = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def reasons(self) -> list[str]:
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in events if event.get("ResourceStatusReason")]

    def physical_id(self, logical_id: str) -> str:
        detail = self.client.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return str(detail["StackResourceDetail"]["PhysicalResourceId"])

    def changes(self, **request: Any) -> list[Record]:
        """What a change set lists; the change set is deleted again."""
        name = f"changes-{uuid.uuid4().hex[:8]}"
        self.client.create_change_set(StackName=self.name, ChangeSetName=name, **request)
        change_set = self.client.describe_change_set(StackName=self.name, ChangeSetName=name)
        self.client.delete_change_set(StackName=self.name, ChangeSetName=name)
        return [change["ResourceChange"] for change in change_set["Changes"]] if change_set["Changes"] else [change_set]

    def _status(self, name: str) -> str:
        return str(self.client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def template(resources: Mapping[str, Any], **outputs: Any) -> str:
    body = {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}
    return json.dumps(body if outputs else {"Resources": resources})


def get(logical_id: str, attribute: str) -> Record:
    return {"Fn::GetAtt": [logical_id, attribute]}
