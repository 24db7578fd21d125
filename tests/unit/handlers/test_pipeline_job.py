"""CodePipeline asks preflight and the gate: every job is answered, and a reason reaches the pipeline."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from release_aws import clients
from release_handlers import health_gate, preflight
from release_handlers.function_context import FunctionContext
from release_handlers.pipeline_job import NotMetError
from tests.unit.aws.account import Account
from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.aws.fake_codepipeline import SECRET, CodePipeline
from tests.unit.aws.fake_ecs import GREEN
from tests.unit.handlers.test_entry_points import LambdaContext

PREFLIGHT = {"component": "client", "ask": "preflight"}


@pytest.fixture
def pipeline(account: Account) -> CodePipeline:
    found: CodePipeline = account.clients["codepipeline"]
    return found


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, context: FunctionContext) -> None:
    """The handlers' context is the test's."""
    for module in (health_gate, preflight):
        monkeypatch.setattr(module, "read_context", lambda: context)


def asked(pipeline: CodePipeline, parameters: Mapping[str, Any] | str | None) -> dict[str, Any]:
    """What became of the job that preflight was asked with."""
    event = pipeline.job(parameters)
    preflight.handler(event, None)
    return pipeline.result(event)


def test_a_component_that_may_be_released_lets_the_stage_begin(pipeline: CodePipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html"""
    said = asked(pipeline, PREFLIGHT)
    assert said["executionDetails"]["summary"] == "nothing stands in the way of a release of client"


def test_f13_the_stage_fails_with_every_problem_in_one_line(account: Account, pipeline: CodePipeline) -> None:
    account.alarms, account.weights = {"exchange-test-client-5xx": "ALARM"}, {GREEN: 100}
    failure = asked(pipeline, PREFLIGHT)["failureDetails"]
    assert failure["type"] == "JobFailed"
    assert "alarm exchange-test-client-5xx is in ALARM" in failure["message"]
    assert "listener rule" in failure["message"]
    assert "\n" not in failure["message"]


def test_f8_an_image_is_looked_for_if_the_pipeline_names_it(account: Account, pipeline: CodePipeline) -> None:
    account.images = {OLD}
    assert "failureDetails" not in asked(pipeline, PREFLIGHT)
    refused = asked(pipeline, {**PREFLIGHT, "digest": NEW})["failureDetails"]["message"]
    assert refused == f"image {NEW} is not in repository client"
    account.images = set()
    assert asked(pipeline, PREFLIGHT)["failureDetails"]["message"].startswith(f"former image {OLD} is gone")


def test_before_the_first_release_nothing_stands_in_the_way(account: Account, pipeline: CodePipeline) -> None:
    account.running, account.weights, account.secrets, account.digest, account.images = {}, {}, {}, "", set()
    assert "failureDetails" not in asked(pipeline, PREFLIGHT)


@pytest.mark.parametrize("parameters", [None, "", "client", {"component": "engine", "ask": "preflight"}])
def test_bad_user_parameters_are_the_pipelines_mistake(pipeline: CodePipeline, parameters: Any) -> None:
    failure = asked(pipeline, parameters)["failureDetails"]
    assert failure["type"] == "ConfigurationError"
    assert failure["message"].startswith("UserParameters: ")


def test_a_function_answers_its_own_question_only(pipeline: CodePipeline) -> None:
    assert "ask: 'gate'" in asked(pipeline, {"component": "client", "ask": "gate"})["failureDetails"]["message"]
    event = pipeline.job(PREFLIGHT)
    health_gate.handler(event, LambdaContext())
    assert "ask: 'preflight'" in pipeline.result(event)["failureDetails"]["message"]


def test_whatever_goes_wrong_the_job_fails_with_the_reason(account: Account, pipeline: CodePipeline) -> None:
    account.clients["cloudformation"] = None
    message = asked(pipeline, PREFLIGHT)["failureDetails"]["message"]
    assert message.startswith("could not be judged: AttributeError: ")


def test_an_event_of_another_shape_still_fails_its_job(pipeline: CodePipeline) -> None:
    event = pipeline.job(PREFLIGHT)
    event["CodePipeline.job"]["data"] = "nothing"
    preflight.handler(event, None)
    assert pipeline.result(event)["failureDetails"]["message"].startswith("could not be judged: ")


def test_a_job_fails_even_where_the_environment_cannot_be_read(
    pipeline: CodePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> FunctionContext:
        raise KeyError("LEDGER_TABLE")

    monkeypatch.setattr(preflight, "read_context", unreadable)
    monkeypatch.setattr(clients, "client", lambda service: {"codepipeline": pipeline}[service])
    assert "KeyError: 'LEDGER_TABLE'" in asked(pipeline, PREFLIGHT)["failureDetails"]["message"]


def test_a_good_answer_that_is_not_taken_becomes_a_failure_rather_than_a_job_that_hangs(
    pipeline: CodePipeline,
) -> None:
    pipeline.refuses = [error("ThrottlingException")]
    message = asked(pipeline, PREFLIGHT)["failureDetails"]["message"]
    assert message.startswith("CodePipeline did not take the answer (")
    assert message.endswith("which was: nothing stands in the way of a release of client")


@pytest.mark.parametrize("alarms", [{}, {"exchange-test-client-5xx": "ALARM"}], ids=["good", "bad"])
def test_where_nobody_can_be_told_the_function_fails_and_the_log_has_the_answer(
    account: Account, pipeline: CodePipeline, caplog: pytest.LogCaptureFixture, alarms: dict[str, str]
) -> None:
    """A rule that looks at the function's own end rather than at the job is not met either."""
    caplog.set_level(logging.INFO)
    account.alarms, pipeline.refuses = alarms, [error("AccessDeniedException")] * 2
    with pytest.raises(ClientError, match="AccessDeniedException"):
        preflight.handler(pipeline.job(PREFLIGHT), None)
    assert ("exchange-test-client-5xx is in ALARM" if alarms else "nothing stands in the way") in caplog.text


def test_an_event_without_a_job_id_is_an_error_of_the_function() -> None:
    with pytest.raises(LookupError, match="nobody can be answered"):
        preflight.handler({"CodePipeline.job": {"data": {}}}, None)


def test_f35_an_event_that_comes_twice_changes_nothing(pipeline: CodePipeline) -> None:
    """CodePipeline calls asynchronously, and Lambda may deliver such an event more than once."""
    event = pipeline.job(PREFLIGHT)
    preflight.handler(event, None)
    before = pipeline.result(event)
    with pytest.raises(ClientError, match="InvalidJobStateException"):
        preflight.handler(event, None)
    assert pipeline.result(event) == before


@pytest.mark.parametrize("parameters", [PREFLIGHT, "nonsense"])
def test_the_credentials_in_the_event_reach_no_log(
    account: Account, pipeline: CodePipeline, caplog: pytest.LogCaptureFixture, parameters: Any
) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html"""
    caplog.set_level(logging.DEBUG)
    account.clients["ecr"] = None
    asked(pipeline, parameters)
    assert "job " in caplog.text
    assert SECRET not in caplog.text


def test_a_rule_that_hands_over_its_parameters_alone_is_answered_by_how_the_function_ends(account: Account) -> None:
    """ "These are parameters that are provided as input for the function in key-value pair format":

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    """
    assert preflight.handler(PREFLIGHT, None)["outcome"] == "succeeded"
    account.alarms = {"exchange-test-client-5xx": "ALARM"}
    with pytest.raises(NotMetError, match="exchange-test-client-5xx is in ALARM"):
        preflight.handler(PREFLIGHT, None)
    with pytest.raises(NotMetError, match="component: 'cleint'"):
        preflight.handler({"component": "cleint", "ask": "preflight"}, None)


def test_a_gate_needs_a_job_since_one_call_sees_too_little() -> None:
    with pytest.raises(NotMetError, match="a gate takes several calls"):
        health_gate.handler({"component": "client", "ask": "gate"}, LambdaContext())
