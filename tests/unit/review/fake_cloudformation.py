"""CloudFormation, as far as `diff` asks it: deployed templates, change sets and drift detections."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


def refusal(code: str, message: str, operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeCloudFormation:
    """`answers` are what DescribeChangeSet says, one after the other, the last for ever; unknown calls fail."""

    templates: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    answers: list[Mapping[str, Any]] = field(default_factory=lambda: [{"Status": "CREATE_COMPLETE", "Changes": []}])
    detections: list[Mapping[str, Any]] = field(default_factory=lambda: [{"DetectionStatus": "DETECTION_COMPLETE"}])
    drifts: list[Mapping[str, Any]] = field(default_factory=lambda: [{"StackResourceDrifts": []}])
    denied: tuple[str, ...] = ()
    open: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    made: list[Mapping[str, Any]] = field(default_factory=list)

    def _check(self, operation: str, stack: str) -> None:
        if operation in self.denied:
            raise refusal("AccessDenied", f"not authorized to perform {operation}", operation)
        if stack not in self.templates:
            raise refusal("ValidationError", f"Stack with id {stack} does not exist", operation)

    def get_template(self, *, StackName: str, TemplateStage: str) -> Mapping[str, Any]:  # noqa: N803
        self._check("GetTemplate", StackName)
        assert TemplateStage == "Original"
        return {"TemplateBody": self.templates[StackName]}

    def describe_stacks(self, *, StackName: str) -> Mapping[str, Any]:  # noqa: N803
        self._check("DescribeStacks", StackName)
        return {"Stacks": [{"Parameters": [{"ParameterKey": one, "ParameterValue": "x"} for one in self.parameters]}]}

    def create_change_set(self, **wanted: Any) -> None:
        self._check("CreateChangeSet", wanted["StackName"])
        self.open[wanted["ChangeSetName"]] = wanted
        self.made.append(wanted)

    def delete_change_set(self, *, StackName: str, ChangeSetName: str) -> None:  # noqa: N803
        assert self.open.pop(ChangeSetName)["StackName"] == StackName

    def get_paginator(self, operation: str) -> "FakeCloudFormation":
        assert operation == "describe_change_set"
        return self

    def paginate(self, *, StackName: str, ChangeSetName: str) -> Iterator[Mapping[str, Any]]:  # noqa: N803
        assert self.open[ChangeSetName]["StackName"] == StackName
        yield self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def detect_stack_drift(self, *, StackName: str) -> Mapping[str, str]:  # noqa: N803
        self._check("DetectStackDrift", StackName)
        return {"StackDriftDetectionId": f"detection-of-{StackName}"}

    def describe_stack_drift_detection_status(self, *, StackDriftDetectionId: str) -> Mapping[str, Any]:  # noqa: N803
        assert StackDriftDetectionId.startswith("detection-of-")
        return self.detections.pop(0) if len(self.detections) > 1 else self.detections[0]

    def describe_stack_resource_drifts(self, **wanted: Any) -> Mapping[str, Any]:
        assert wanted["StackResourceDriftStatusFilters"] == ["MODIFIED", "DELETED"]
        return self.drifts[int(wanted.get("NextToken", 0))]
