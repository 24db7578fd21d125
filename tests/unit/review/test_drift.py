"""Drift: found, absent, or unknown, and never taken for absent when it is unknown.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
"""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release.review.deployed import Drift, DriftedResource, look_for_drift
from tests.unit.review.fake_cloudformation import FakeCloudFormation, refusal

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
