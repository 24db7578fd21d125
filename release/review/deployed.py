"""Asks CloudFormation what is deployed, what a template would do, and what was changed outside of CloudFormation.

A change set that nobody executes says what a template would do; drift is what a deployment may overwrite or stumble
over: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from release.command_line import DENIED
from release.review.changes import Finding, Json, Risk
from release_aws.clients import AwsClient, error_code

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html; a larger one goes through
# S3, where a role that only looks cannot put it.
LARGEST_TEMPLATE = 51_200
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_CHANGE_SET_SECONDS = 300.0
_DRIFT_SECONDS = 180.0
TOPIC = "drift"


class NotComparableError(Exception):
    """Says why CloudFormation does not tell what would change."""


@dataclass(frozen=True)
class DeployedStacks:
    """Asks CloudFormation about stacks; `pause` waits that many seconds.

    Needs GetTemplate, CreateChangeSet, DescribeChangeSet and DeleteChangeSet on the stacks; ExecuteChangeSet is never
    called.
    """

    client: AwsClient
    pause: Callable[[float], None]

    def template(self, stack: str) -> Json | None:
        """Return the template as it was deployed; None when there is no such stack."""
        try:
            body: Any = self.client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise _not_comparable(error) from error
        if isinstance(body, str):
            raise NotComparableError("its template is not JSON, so it was not deployed by CDK")
        return dict(body)

    def change_set(self, stack: str, template: Json) -> Json:
        """Return what CloudFormation would do, as DescribeChangeSet says it; the change set is deleted again."""
        body = json.dumps(template, separators=(",", ":"))
        if len(body.encode()) > LARGEST_TEMPLATE:
            raise NotComparableError(
                f"its template has more than {LARGEST_TEMPLATE} bytes, which a change set takes from S3 only"
            )
        try:
            with self._made(stack, body) as name:
                return self._described(stack, name)
        except ClientError as error:
            raise _not_comparable(error) from error

    @contextmanager
    def _made(self, stack: str, body: str) -> Iterator[str]:
        name = f"diff-{uuid4().hex}"
        present = {parameter["ParameterKey"] for parameter in self._parameters(stack)}
        kept = sorted(present & set(json.loads(body).get("Parameters", {})))
        self.client.create_change_set(
            StackName=stack,
            ChangeSetName=name,
            ChangeSetType="UPDATE",
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in kept],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        try:
            yield name
        finally:
            self.client.delete_change_set(StackName=stack, ChangeSetName=name)

    def _parameters(self, stack: str) -> list[Json]:
        parameters: list[Json] = self.client.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
        return parameters

    def _described(self, stack: str, name: str) -> Json:
        waited = 0.0
        while waited < _CHANGE_SET_SECONDS:
            pages = list(self.client.get_paginator("describe_change_set").paginate(StackName=stack, ChangeSetName=name))
            status, reason = pages[0]["Status"], pages[0].get("StatusReason") or ""
            if status == "CREATE_COMPLETE" or any(words in reason for words in _UNCHANGED):
                return {"Changes": [change for page in pages for change in page.get("Changes", [])]}
            if status == "FAILED":
                raise NotComparableError(f"the change set failed: {reason}")
            self.pause(2.0)
            waited += 2.0
        raise NotComparableError(f"the change set was not ready after {_CHANGE_SET_SECONDS:.0f} seconds")


def _not_comparable(error: ClientError) -> Exception:
    """Return what to raise: a missing permission only leaves the comparison out, anything else is an error."""
    return NotComparableError(f"the credentials do not allow it ({error})") if error_code(error) in DENIED else error


@dataclass(frozen=True)
class DriftedResource:
    """Describes a resource that is not as its template says: MODIFIED or DELETED, and by which properties."""

    stack: str
    logical_id: str
    status: str
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """Holds what has drifted; `unknown` says why nothing is known of a stack."""

    drifted: tuple[DriftedResource, ...] = ()
    unknown: tuple[str, ...] = ()


def drift_findings(drift: Drift) -> Iterator[Finding]:
    """Find each resource that has drifted."""
    for resource in drift.drifted:
        how = f" by {', '.join(resource.properties)}" if resource.properties else ""
        text = f"{resource.status} outside of CloudFormation{how}: deploying may undo that, or fail"
        yield Finding(Risk.LOOK, TOPIC, f"{resource.stack}/{resource.logical_id}", text)


def look_for_drift(client: AwsClient, stacks: Sequence[str], pause: Callable[[float], None]) -> Drift:
    """Detect drift in all the stacks at the same time; a stack that may not be looked at is unknown.

    Needs DetectStackDrift and the right to read what the stacks hold.
    """
    drifted: list[DriftedResource] = []
    unknown: list[str] = []
    begun: dict[str, str] = {}
    for stack in stacks:
        try:
            begun[stack] = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
        except ClientError as error:
            if "does not exist" in str(error):
                continue
            unknown.append(f"{stack}: {_why_unknown(error)}")
    waited = 0.0
    for stack, detection in begun.items():
        state, waited = _await(client, detection, pause, waited)
        if state["DetectionStatus"] == "DETECTION_COMPLETE":
            drifted.extend(_drifted(client, stack))
            continue
        unknown.append(f"{stack}: {state.get('DetectionStatusReason') or 'the detection takes too long'}")
    return Drift(tuple(drifted), tuple(unknown))


def _await(client: AwsClient, detection: str, pause: Callable[[float], None], waited: float) -> tuple[Json, float]:
    """Wait for one detection; all run at the same time, so they share the time that is waited."""
    while True:
        state: Json = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if state["DetectionStatus"] != "DETECTION_IN_PROGRESS" or waited >= _DRIFT_SECONDS:
            return state, waited
        pause(3.0)
        waited += 3.0


def _drifted(client: AwsClient, stack: str) -> Iterator[DriftedResource]:
    token: dict[str, str] = {}
    while True:
        page = client.describe_stack_resource_drifts(
            StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        for entry in page["StackResourceDrifts"]:
            properties = tuple(difference["PropertyPath"] for difference in entry.get("PropertyDifferences", []))
            yield DriftedResource(stack, entry["LogicalResourceId"], entry["StackResourceDriftStatus"], properties)
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _why_unknown(error: ClientError) -> str:
    """Say why a detection could not be started: not allowed, or under way already; raise any other error."""
    if error_code(error) in DENIED:
        return f"the credentials do not allow it ({error})"
    if "Drift detection is already in progress" in str(error):
        return "a detection is under way already"
    raise error
