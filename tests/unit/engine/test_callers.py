"""Who calls a function, and what ECS and CodePipeline hand over: read, or refused with everything that is wrong.

The payload of ECS is as in its developer guide, "Lifecycle hooks for Amazon ECS deployments".
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from release_engine import hook
from release_engine.callers import Caller, UnknownCallerError, caller_of
from release_engine.pipeline_job import Job, JobQuestion, Push, UserParametersError, job_id, parse, question
from release_engine.verdict import Judgement, Verdict
from tests.unit.aws.answers import NEW, OLD
from tests.unit.aws.fake_codepipeline import CodePipeline


@pytest.mark.parametrize(
    ("event", "caller"),
    [
        ({"lifecycleStage": "POST_TEST_TRAFFIC_SHIFT", "resourceArn": "arn"}, Caller.ECS),
        ({"CodePipeline.job": {"id": "1"}}, Caller.PIPELINE),
        ({"component": "client", "ask": "gate"}, Caller.PIPELINE),
        ({"state": {"component": "client"}, "execution": "arn"}, Caller.MACHINE),
    ],
)
def test_each_caller_is_known_by_its_event(event: Mapping[str, Any], caller: Caller) -> None:
    assert caller_of(event, tuple(Caller)) is caller


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"lifecycleStage": "X"}, "this event is of a lifecycle hook of ECS; the function serves the release machine"),
        ({"detail": {}, "source": "aws.ecs"}, "this event is of nobody who is known, it has: detail, source; the "),
        ({}, "it has: nothing; the function serves the release machine and CodePipeline"),
    ],
)
def test_an_event_of_anybody_else_is_refused_with_who_may_call(event: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(UnknownCallerError, match=reason):
        caller_of(event, (Caller.MACHINE, Caller.PIPELINE))


def hook_event(stage: str, **execution: Any) -> dict[str, Any]:
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
    assert hook.parse(hook_event(stage, **execution)).rolls_back is back


def test_the_parts_of_the_arns_are_known() -> None:
    call = hook.parse(hook_event("POST_TEST_TRAFFIC_SHIFT"))
    assert (call.service_name, call.deployment_id, call.details) == ("web", "d1", {})


def test_details_are_read_as_object_or_text() -> None:
    details = {"component": "client", "progress": {"attempts": 2}}
    for given in (details, json.dumps(details)):
        assert hook.parse({**hook_event("POST_SCALE_UP"), "hookDetails": given}).details == details


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


COMPONENTS = ("backend", "client")
PUSH: dict[str, Any] = {
    "execution": "3137f7cb-8d49-4c5a-9b8e-1a2b3c4d5e6f",
    "commit": "9f0c2d" + "0" * 34,
    "digests": {"backend": OLD, "client": NEW},
    "environments": ["staging", "prod2"],
}


def asked(parameters: Any) -> JobQuestion:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    return question(text, components=COMPONENTS, asks=["gate", "record", "window"])


def test_a_first_call_has_no_token_and_a_later_one_has() -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html"""
    event = CodePipeline().job({"component": "client"})
    assert parse(event) == Job(event["CodePipeline.job"]["id"], '{"component": "client"}', "")
    later = CodePipeline().job("p", "pipeline-1")
    assert parse(later) == Job(later["CodePipeline.job"]["id"], "p", "pipeline-1")


@pytest.mark.parametrize("data", [{}, {"actionConfiguration": None}, {"actionConfiguration": {"configuration": None}}])
def test_a_job_without_parameters_is_still_a_job(data: dict[str, Any]) -> None:
    """UserParameters is not required."""
    assert parse({"CodePipeline.job": {"id": "1", "data": data}}) == Job("1", "", "")


@pytest.mark.parametrize(
    ("job", "said"),
    [({}, "it has: nothing"), ({"id": "", "data": {"k": "secret"}}, "it has: data, id"), (None, "it has: NoneType")],
)
def test_without_an_id_nobody_can_be_answered_and_no_value_is_told(job: Any, said: str) -> None:
    with pytest.raises(LookupError, match="has no id, so nobody can be answered") as caught:
        job_id({"CodePipeline.job": job})
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_question_may_name_the_digest_that_it_is_about() -> None:
    assert asked({"component": "client", "ask": "gate"}) == JobQuestion("client", "gate", None)
    assert asked({"component": "client", "ask": "gate", "digest": NEW}).digest == NEW


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("", '\'\' is no JSON object, allowed is one such as {"component": "client"'),
        ("{client}", "'{client}' is no JSON object"),
        ('["client"]', "'[\"client\"]' is no JSON object"),
        ({"ask": "gate"}, "component: is missing, allowed are backend, client"),
        ({"component": "cleint", "ask": "gate"}, "component: 'cleint' is none that is answered here"),
        ({"component": ["client"], "ask": "gate"}, "component: ['client'] is none"),
        ({"component": "client"}, "ask: is missing, allowed are gate, record, window"),
        ({"component": "client", "ask": "preflight"}, "ask: 'preflight' is none that is answered here"),
        ({"component": "client", "ask": "gate", "digest": "latest"}, "digest: 'latest' is not an image digest"),
        ({"component": "client", "ask": "gate", "digest": 7}, "digest: 7 is no text"),
        ({"component": "client", "ask": "gate", "digset": NEW}, "digset: is unknown, allowed are component, ask, dig"),
        ({"component": "client", "ask": "gate", "push": PUSH}, "push: is unknown, allowed are component, ask, digest"),
        ({"component": "client", "ask": "window", "digest": NEW}, "digest: is unknown, allowed are component, ask"),
        ({"ask": "window"}, "component: is missing, allowed are backend, client"),
    ],
)
def test_what_is_wrong_is_told_with_the_value_and_what_is_allowed(parameters: Any, said: str) -> None:
    with pytest.raises(UserParametersError) as caught:
        asked(parameters)
    assert str(caught.value).startswith("UserParameters: ")
    assert said in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UserParametersError) as caught:
        asked({"component": "x", "ask": "y", "digest": "z", "more": 1})
    assert str(caught.value).count("; ") == 3


def test_a_push_needs_no_component_and_fits_into_the_parameters_of_an_action() -> None:
    """1,000 characters: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html"""
    pushed = Push(PUSH["execution"], PUSH["commit"], {"backend": OLD, "client": NEW}, ("staging", "prod2"))
    assert asked({"ask": "record", "push": PUSH}) == JobQuestion("", "record", None, pushed)
    assert asked({"ask": "record", "component": "client", "push": PUSH}) == JobQuestion(
        "client", "record", None, pushed
    )
    three = {**PUSH, "digests": {"backend": OLD, "client": NEW, "engine": NEW}}
    assert len(json.dumps({"ask": "record", "component": "backend", "push": three})) < 600


@pytest.mark.parametrize(
    ("push", "said"),
    [
        (None, "push: is missing, allowed are execution, commit, digests, environments"),
        ("9f0c2d", "push: '9f0c2d' is no object"),
        ({**PUSH, "branch": "main"}, "push.branch: is unknown, allowed are execution, commit"),
        ({**PUSH, "execution": "#{codepipeline.PipelineExecutionId}"}, "push.execution: '#{codepipeline.Pipeline"),
        ({**PUSH, "execution": None}, "push.execution: is missing, allowed is the id of a pipeline's execution"),
        ({**PUSH, "commit": "9f0c2d"}, "push.commit: '9f0c2d' is not, allowed is a commit: 40 hexadecimal digits"),
        ({**PUSH, "digests": {}}, "push.digests: {} has none, allowed are the digests of backend, client by name"),
        ({**PUSH, "digests": {"engine": NEW}}, "push.digests: 'engine' is no component, allowed are backend, client"),
        ({**PUSH, "digests": {"client": "latest"}}, "push.digests.client: 'latest' is not an image digest"),
        ({**PUSH, "digests": {"client": 7}}, "push.digests.client: 7 is no text"),
        ({**PUSH, "environments": "prod2"}, "push.environments: 'prod2' has none, allowed is a list of names"),
        ({**PUSH, "environments": []}, "push.environments: [] has none"),
        ({**PUSH, "environments": ["prod2", "A b"]}, "push.environments: 'A b' is not the name of an environment"),
    ],
)
def test_a_push_is_refused_with_what_is_wrong_with_it(push: Any, said: str) -> None:
    with pytest.raises(UserParametersError) as caught:
        asked({"ask": "record", "push": push})
    assert said in str(caught.value)
    assert "; " not in str(caught.value)
