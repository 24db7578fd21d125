"""What was changed outside of CloudFormation, which a deployment may overwrite or stumble over.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release.review.changes import Json
from release.review.findings import Finding, Risk
from release_aws.clients import AwsClient, error_code

TOPIC = "drift"
_LONGEST = 180.0
_DENIED = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True)
class Drifted:
    """One resource that is not as its template says: MODIFIED or DELETED, and by which properties."""

    stack: str
    logical_id: str
    status: str
    properties: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """`unknown` says why nothing is known of a stack."""

    drifted: tuple[Drifted, ...] = ()
    unknown: tuple[str, ...] = ()


def drift_findings(drift: Drift) -> Iterator[Finding]:
    """One for each resource."""
    for one in drift.drifted:
        how = f" by {', '.join(one.properties)}" if one.properties else ""
        text = f"{one.status} outside of CloudFormation{how}: deploying may undo that, or fail"
        yield Finding(Risk.LOOK, TOPIC, f"{one.stack}/{one.logical_id}", text)


def look_for_drift(client: AwsClient, stacks: Sequence[str], pause: Callable[[float], None]) -> Drift:
    """Needs DetectStackDrift and the right to read what the stacks hold; what is not allowed is not known."""
    drifted: list[Drifted] = []
    unknown: list[str] = []
    begun: dict[str, str] = {}
    for stack in stacks:
        try:
            begun[stack] = client.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
        except ClientError as error:
            if "does not exist" in str(error):
                continue
            unknown.append(f"{stack}: {_reason(error)}")
    waited = 0.0
    for stack, detection in begun.items():
        state, waited = _await(client, detection, pause, waited)
        if state["DetectionStatus"] == "DETECTION_COMPLETE":
            drifted.extend(_drifted(client, stack))
            continue
        unknown.append(f"{stack}: {state.get('DetectionStatusReason') or 'the detection takes too long'}")
    return Drift(tuple(drifted), tuple(unknown))


def _await(client: AwsClient, detection: str, pause: Callable[[float], None], waited: float) -> tuple[Json, float]:
    """All detections run at the same time, so they share the patience."""
    while True:
        state: Json = client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if state["DetectionStatus"] != "DETECTION_IN_PROGRESS" or waited >= _LONGEST:
            return state, waited
        pause(3.0)
        waited += 3.0


def _drifted(client: AwsClient, stack: str) -> Iterator[Drifted]:
    token: dict[str, str] = {}
    while True:
        page = client.describe_stack_resource_drifts(
            StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        for one in page["StackResourceDrifts"]:
            properties = tuple(each["PropertyPath"] for each in one.get("PropertyDifferences", []))
            yield Drifted(stack, one["LogicalResourceId"], one["StackResourceDriftStatus"], properties)
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _reason(error: ClientError) -> str:
    """A detection that may not be started, or is under way, leaves the drift unknown; the rest is an error."""
    if error_code(error) in _DENIED:
        return f"the credentials do not allow it ({error})"
    if "Drift detection is already in progress" in str(error):
        return "a detection is under way already"
    raise error
