"""What CloudFormation is asked: change sets, never executed and never left behind, and drift.

Drift is found, absent, or unknown, and never taken for absent when it is unknown.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release.review.deployed import (
    LARGEST_TEMPLATE,
    DeployedStacks,
    Drift,
    DriftedResource,
    NotComparableError,
    look_for_drift,
)
from tests.unit.review.conftest import Reviewed
from tests.unit.review.scene import FakeCloudFormation, refusal, resource, template

DATABASE = template(Database=resource("RDS::DBInstance", Engine="postgres"))
PENDING = {"Status": "CREATE_IN_PROGRESS"}


def _deployed(aws: FakeCloudFormation) -> tuple[DeployedStacks, list[float]]:
    waited: list[float] = []
    return DeployedStacks(aws, waited.append), waited


def test_the_deployed_template_is_that_of_the_stack_and_none_without_one() -> None:
    deployed, _ = _deployed(FakeCloudFormation({"data": DATABASE}))
    assert (deployed.template("data"), deployed.template("other")) == (DATABASE, None)


def test_a_template_that_cdk_did_not_write_is_not_compared() -> None:
    deployed, _ = _deployed(FakeCloudFormation({"data": "Resources: {}"}))
    with pytest.raises(NotComparableError, match="not JSON"):
        deployed.template("data")


def test_a_change_set_keeps_the_parameters_and_is_deleted_again() -> None:
    change = {"ResourceChange": {"LogicalResourceId": "Database"}}
    aws = FakeCloudFormation(
        {"data": DATABASE},
        parameters=("ImageDigest", "Gone"),
        answers=[PENDING, {"Status": "CREATE_COMPLETE", "Changes": [change]}],
    )
    deployed, waited = _deployed(aws)
    wanted = {"Parameters": {"ImageDigest": {"Type": "String"}}, **DATABASE}
    assert deployed.change_set("data", wanted) == {"Changes": [change]}
    (made,) = aws.made
    assert made["Parameters"] == [{"ParameterKey": "ImageDigest", "UsePreviousValue": True}]
    assert (made["ChangeSetType"], json.loads(made["TemplateBody"])) == ("UPDATE", wanted)
    assert (waited, aws.open) == ([2.0], {})


@pytest.mark.parametrize(
    ("answer", "says"),
    [({"Status": "FAILED", "StatusReason": "no such type"}, "no such type"), (PENDING, "not ready after 300 seconds")],
)
def test_a_change_set_that_fails_or_never_is_ready_is_deleted_too(answer: dict[str, str], says: str) -> None:
    aws = FakeCloudFormation({"data": DATABASE}, answers=[answer])
    deployed, _ = _deployed(aws)
    with pytest.raises(NotComparableError, match=says):
        deployed.change_set("data", DATABASE)
    assert aws.made
    assert not aws.open


def test_no_changes_is_an_answer() -> None:
    reason = "The submitted information didn't contain changes."
    deployed, _ = _deployed(
        FakeCloudFormation({"data": DATABASE}, answers=[{"Status": "FAILED", "StatusReason": reason}])
    )
    assert deployed.change_set("data", DATABASE) == {"Changes": []}


def test_what_is_not_allowed_is_not_told_and_any_other_refusal_is_an_error() -> None:
    deployed, _ = _deployed(FakeCloudFormation({"data": DATABASE}, denied=("CreateChangeSet", "GetTemplate")))
    with pytest.raises(NotComparableError, match="do not allow it"):
        deployed.change_set("data", DATABASE)
    with pytest.raises(NotComparableError, match="do not allow it"):
        deployed.template("data")
    with pytest.raises(ClientError, match="does not exist"):
        deployed.change_set("other", DATABASE)


def test_a_template_that_only_s3_could_carry_is_not_sent() -> None:
    aws = FakeCloudFormation({"data": DATABASE})
    deployed, _ = _deployed(aws)
    with pytest.raises(NotComparableError, match="from S3 only"):
        deployed.change_set("data", template(Logs=resource("Logs::LogGroup", Name="x" * LARGEST_TEMPLATE)))
    assert not aws.made


@pytest.mark.parametrize(
    ("case", "impact"), [("change set replaces", "WILL_REPLACE"), ("change set updates", "WILL_UPDATE")]
)
def test_cloudformation_knows_better_than_the_schema_whether_a_resource_is_replaced(
    reviewed: Reviewed, case: str, impact: str
) -> None:
    """The schema says "perhaps" of a database's engine."""
    assert [change.impact.value for stack in reviewed(case).stacks for change in stack.changes] == [impact]


def test_any_other_refusal_of_the_template_is_an_error() -> None:
    class Throttled(FakeCloudFormation):
        def get_template(self, **_: object) -> dict[str, object]:
            raise refusal("Throttling", "Rate exceeded")

    with pytest.raises(ClientError, match="Rate exceeded"):
        _deployed(Throttled())[0].template("data")


RUNNING = {"DetectionStatus": "DETECTION_IN_PROGRESS"}
DONE = {"DetectionStatus": "DETECTION_COMPLETE"}


def _found(id_: str, status: str, *paths: str) -> dict[str, object]:
    differences = [{"PropertyPath": path} for path in paths]
    return {"LogicalResourceId": id_, "StackResourceDriftStatus": status, "PropertyDifferences": differences}


def test_what_differs_is_found_on_every_page_once_the_detection_is_over() -> None:
    pages: list[Mapping[str, Any]] = [
        {"StackResourceDrifts": [_found("Database", "MODIFIED", "/MultiAZ")], "NextToken": "1"},
        {"StackResourceDrifts": [_found("Alarm", "DELETED")]},
    ]
    waited: list[float] = []
    aws = FakeCloudFormation({"data": {}}, detections=[RUNNING, DONE], drifts=pages)
    found = look_for_drift(aws, ["data"], waited.append)
    assert found.drifted == (
        DriftedResource("data", "Database", "MODIFIED", ("/MultiAZ",)),
        DriftedResource("data", "Alarm", "DELETED", ()),
    )
    assert waited == [3.0]


def test_a_stack_that_is_not_deployed_has_none() -> None:
    assert look_for_drift(FakeCloudFormation(), ["data"], lambda _: None) == Drift()


def test_without_permission_it_is_unknown() -> None:
    aws = FakeCloudFormation({"data": {}}, denied=("DetectStackDrift",))
    (unknown,) = look_for_drift(aws, ["data"], lambda _: None).unknown
    assert unknown.startswith("data: the credentials do not allow it")


@pytest.mark.parametrize(
    ("detection", "says"),
    [
        (RUNNING, "data: the detection takes too long"),
        ({"DetectionStatus": "DETECTION_FAILED", "DetectionStatusReason": "no read"}, "data: no read"),
    ],
)
def test_a_detection_that_fails_or_never_ends_leaves_it_unknown(detection: dict[str, str], says: str) -> None:
    aws = FakeCloudFormation({"data": {}}, detections=[detection])
    assert look_for_drift(aws, ["data"], lambda _: None).unknown == (says,)


class _Refusing(FakeCloudFormation):
    message = ""

    def detect_stack_drift(self, **_: object) -> dict[str, str]:
        raise refusal("ValidationError", self.message)


def test_a_detection_under_way_is_not_begun_again() -> None:
    aws = _Refusing({"data": {}})
    aws.message = "Drift detection is already in progress for stack data"
    assert look_for_drift(aws, ["data"], lambda _: None).unknown == ("data: a detection is under way already",)


def test_any_other_refusal_is_an_error() -> None:
    aws = _Refusing({"data": {}})
    aws.message = "Rate exceeded"
    with pytest.raises(ClientError, match="Rate exceeded"):
        look_for_drift(aws, ["data"], lambda _: None)
