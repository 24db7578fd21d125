"""What CodePipeline hands over is read, or refused with everything that is wrong with it."""

import json
from typing import Any

import pytest

from release_engine.pipeline_job import Job, Question, UserParametersError, job_id, parse, question
from tests.unit.aws.digests import NEW
from tests.unit.aws.fake_codepipeline import CodePipeline

COMPONENTS = ("backend", "client")


def asked(parameters: Any) -> Question:
    text = parameters if isinstance(parameters, str) else json.dumps(parameters)
    return question(text, components=COMPONENTS, asks=["gate"])


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
    assert asked({"component": "client", "ask": "gate"}) == Question("client", "gate", None)
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
        ({"component": "client"}, "ask: is missing, allowed are gate"),
        ({"component": "client", "ask": "preflight"}, "ask: 'preflight' is none that is answered here"),
        ({"component": "client", "ask": "gate", "digest": "latest"}, "digest: 'latest' is not an image digest"),
        ({"component": "client", "ask": "gate", "digest": 7}, "digest: 7 is no text"),
        ({"component": "client", "ask": "gate", "digset": NEW}, "digset: is unknown, allowed are component, ask, dig"),
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
