"""What ECS tells a lifecycle hook; payload as in the developer guide, "Lifecycle hooks for Amazon ECS deployments"."""

import json
from typing import Any

import pytest

from release_engine import hook
from release_engine.verdict import Judgement, Verdict


def event(stage: str, **execution: Any) -> dict[str, Any]:
    """An invocation at that stage."""
    return {
        "executionId": "1",
        "lifecycleStage": stage,
        "resourceArn": "arn:aws:ecs:us-west-2:1:service-deployment/c/web/d1",
        "executionDetails": {"serviceArn": "arn:ecs:service/c/web", "targetServiceRevisionArn": "green", **execution},
    }


@pytest.mark.parametrize(
    ("stage", "execution", "back"),
    [
        ("PRODUCTION_TRAFFIC_SHIFT", {"productionTrafficWeights": {"green": 0, "blue": 100}}, True),
        ("TEST_TRAFFIC_SHIFT", {"testTrafficWeights": {"green": 0, "blue": 100}}, True),
        ("PRODUCTION_TRAFFIC_SHIFT", {"productionTrafficWeights": {"green": 10, "blue": 90}}, False),
        ("PRODUCTION_TRAFFIC_SHIFT", {"productionTrafficWeights": {}}, False),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", {"productionTrafficWeights": {"green": 0, "blue": 100}}, False),
        ("POST_TEST_TRAFFIC_SHIFT", {}, False),
    ],
)
def test_a_rollback_is_recognised_by_its_weights(stage: str, execution: dict[str, Any], back: bool) -> None:
    assert hook.parse(event(stage, **execution)).rolls_back is back


def test_the_parts_of_the_arns_are_known() -> None:
    call = hook.parse(event("POST_TEST_TRAFFIC_SHIFT"))
    assert (call.service_name, call.deployment_id, call.details) == ("web", "d1", {})


def test_details_are_read_as_object_or_text() -> None:
    details = {"component": "client", "progress": {"attempts": 2}}
    for given in (details, json.dumps(details)):
        assert hook.parse({**event("POST_SCALE_UP"), "hookDetails": given}).details == details


@pytest.mark.parametrize(
    ("verdict", "attempts", "status"),
    [
        (Verdict.PASS, 1, "SUCCEEDED"),
        (Verdict.FAIL, 1, "FAILED"),
        (Verdict.INCONCLUSIVE, 1, "IN_PROGRESS"),
        (Verdict.INCONCLUSIVE, 10, "FAILED"),
    ],
)
def test_f14_doubt_asks_again_but_not_for_ever(verdict: Verdict, attempts: int, status: str) -> None:
    answer = hook.answer(Judgement(verdict, "because"), attempts, 30, {"seen": {}})
    assert answer["hookStatus"] == status


def test_doubt_hands_on_what_was_seen() -> None:
    answer = hook.answer(Judgement(Verdict.INCONCLUSIVE, "?"), 3, 30, {"seen": {"samples": 5}})
    assert answer["callBackDelay"] == 30
    assert answer["hookDetails"] == {"progress": {"seen": {"samples": 5}, "attempts": 3}}
