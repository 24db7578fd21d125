"""What the tests of a review work on: small templates, a project in a git repository, and CloudFormation.

The project's `cdk` copies a prepared assembly: a synth without CDK's seconds.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from release.review.changes import Change, Impact, StackChange
from tests.unit.git_checkout import commit, git

Template = dict[str, Any]


def template(**resources: Template) -> Template:
    return {"Resources": resources}


def resource(kind: str, path: str = "", /, *, keep: str | None = None, **properties: Any) -> Template:
    """`keep` is what becomes of it when it goes or is replaced."""
    made: Template = {"Type": f"AWS::{kind}", "Properties": properties}
    if path:
        made["Metadata"] = {"aws:cdk:path": f"{path}/Resource"}
    if keep:
        made |= {"DeletionPolicy": keep, "UpdateReplacePolicy": keep}
    return made


def changed(before: Template, logical_id: str, **properties: Any) -> Template:
    """`before` with other properties of one resource; None takes one away."""
    after = deepcopy(before)
    held = after["Resources"][logical_id].setdefault("Properties", {})
    held |= properties
    after["Resources"][logical_id]["Properties"] = {name: one for name, one in held.items() if one is not None}
    return after


def without(before: Template, logical_id: str) -> Template:
    return {"Resources": {id_: one for id_, one in before["Resources"].items() if id_ != logical_id}}


def policy(*statements: Template) -> Template:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return resource("IAM::Policy", PolicyName="P", PolicyDocument=document, Roles=[{"Ref": "Role"}])


def allow(action: Any, on: Any, **more: Any) -> Template:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def ingress(cidr: str, port: int, description: str = "") -> Template:
    return {"CidrIp": cidr, "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": description}


def service(task: str, *, name: str, least: int = 100, most: int = 200, **deployment: Any) -> Template:
    configuration = {"MinimumHealthyPercent": least, "MaximumPercent": most, **deployment}
    made = resource("ECS::Service", LaunchType="FARGATE", TaskDefinition={"Ref": task}, ServiceName=name)
    made["Properties"]["DeploymentConfiguration"] = configuration
    return made


def task(cpu: int = 512, memory: int = 1024, *, stop: int = 120, **more: Any) -> Template:
    container = {"Name": "main", "Image": "image", "StopTimeout": stop}
    processor = {"CpuArchitecture": "ARM64", "OperatingSystemFamily": "LINUX"}
    made = resource("ECS::TaskDefinition", ContainerDefinitions=[container], RuntimePlatform=processor)
    made["Properties"] |= {"Cpu": str(cpu), "Memory": str(memory), **more}
    return made


def updated(kind: str, before: Template, after: Template) -> StackChange:
    """A stack with one resource that is updated, as the engine would say it."""
    old, new = resource(kind, **before), resource(kind, **after)
    change = Change("stack", "One", f"AWS::{kind}", Impact.UPDATE, False, (), (), old, new)
    return StackChange("stack", template(One=old), template(One=new), (change,))


CDK = """#!/bin/sh
# cdk synth --quiet --no-notices --no-version-reporting -c environment=E --output FOLDER
if [ -f broken ]; then echo "SettingsError: config/test.toml: no such region"; exit 1; fi
[ "$CDK_VALIDATION$EXCHANGE_NAG" = falsefalse ] || exit 9
mkdir -p "$8" && cp assembly/* "$8"/
"""


@dataclass(frozen=True)
class Project:
    """`folder` is the project, `repository` what git knows."""

    repository: Path
    folder: Path

    def commit(self) -> None:
        commit(self.repository)

    def worktrees(self) -> list[str]:
        """Return the folders in which the repository is checked out."""
        lines = git(self.repository, "worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]

    def stacks(self, templates: Mapping[str, Any], **dependencies: list[str]) -> None:
        """What `cdk synth` is to write."""
        folder = self.folder / "assembly"
        folder.mkdir(exist_ok=True)
        artifacts = {
            name: {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": f"{name}.template.json"},
                "dependencies": dependencies.get(name, []),
            }
            for name in templates
        }
        (folder / "manifest.json").write_text(json.dumps({"artifacts": {**artifacts, "Tree": {"type": "cdk:tree"}}}))
        for name, template in templates.items():
            (folder / f"{name}.template.json").write_text(json.dumps(template))


def new_project(repository: Path, inside: str = ".") -> Project:
    """With a `config/test.toml` and no commit yet."""
    project = Project(repository, repository / inside)
    (project.folder / "config").mkdir(parents=True)
    (project.folder / "config" / "test.toml").write_text("")
    cdk = project.folder / "node_modules" / ".bin" / "cdk"
    cdk.parent.mkdir(parents=True)
    cdk.write_text(CDK)
    cdk.chmod(0o755)
    (repository / ".gitignore").write_text("node_modules/\n")
    git(repository, "init", "--quiet")
    return project


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
