"""The gate that CodePipeline asks, call by call."""

from collections.abc import Mapping
from typing import Any

import pytest

from release_engine.gate import Answer
from release_engine.times import PIPELINE_JOB_SECONDS
from release_handlers import health_gate
from release_handlers.function_context import FunctionContext
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.answers import NEW, OLD
from tests.unit.aws.fake_codepipeline import CodePipeline
from tests.unit.handlers.test_entry_points import LambdaContext

GATE = {"component": "client", "ask": "gate"}
INTERVAL = 30


class Pipeline:
    """An action that asks the gate, called again `every` so many seconds, as long as it goes on."""

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        self.jobs: CodePipeline = account.clients["codepipeline"]
        self.now, self.parameters, self.token = 1_795_000_000.0, dict(GATE), ""
        environment, facts = {"LEDGER_TABLE": "ledger"}, {"client": COMPONENT}
        self.context = FunctionContext(environment, facts, client=account.client, ask=account.ask, now=lambda: self.now)
        monkeypatch.setattr(health_gate, "read_context", lambda: self.context)

    def call(self, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One invocation, and what the function said of its job."""
        job = event or self.jobs.job(self.parameters, self.token)
        health_gate.handler(job, LambdaContext())
        result = self.jobs.result(job)
        self.token = result.get("continuationToken", "")
        return result

    def run(self, calls: int, every: float = INTERVAL) -> list[dict[str, Any]]:
        """As CodePipeline goes about it."""
        said = [self.call()]
        while self.token and len(said) < calls:
            self.now += every
            said.append(self.call())
        return said


@pytest.fixture
def pipeline(account: Account, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    account.alarms = {"exchange-test-client-5xx": "OK"}
    return Pipeline(account, monkeypatch)


def summary(said: Mapping[str, Any]) -> str:
    return str(said["executionDetails"]["summary"])


def test_samples_are_gathered_over_several_calls_and_then_it_is_judged(pipeline: Pipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html"""
    said = pipeline.run(9)
    assert len(said) == 3  # the rounds of the component's gate
    assert summary(said[0]).startswith("round 1: INCONCLUSIVE: ")
    assert summary(said[2]).startswith("PASS: ")
    assert "web errors 0.0% <= limit 1.0% (60 samples)" in summary(said[2])
    assert "continuationToken" not in said[2]


def test_what_was_seen_is_in_the_ledger_and_only_its_name_travels(pipeline: Pipeline) -> None:
    """A token holds 2,048 characters: API_PutJobSuccessResult."""
    first = pipeline.jobs.job(GATE)
    token = pipeline.call(first)["continuationToken"]
    assert token == f"pipeline-{first['CodePipeline.job']['id']}"
    kept = pipeline.context.ledger.gate("client", token)
    assert kept is not None
    assert (kept["digest"], kept["bake"]["seen"]["web"]["samples"]) == (OLD, 20)


def test_the_verdict_is_kept_with_its_evidence(pipeline: Pipeline) -> None:
    pipeline.call()
    token = pipeline.token
    pipeline.now += INTERVAL
    pipeline.run(9)
    kept = pipeline.context.ledger.gate("client", token)
    assert kept is not None
    assert (kept["verdict"], kept["checks"][0]["check"]) == ("PASS", "web digest")


def test_a_call_before_its_time_takes_no_round(account: Account, pipeline: Pipeline) -> None:
    pipeline.run(2, every=INTERVAL - 1)
    requests = len(account.asked)
    pipeline.now += 0.5
    assert "the next round comes 30 s after the last" in summary(pipeline.call())
    assert len(account.asked) == requests > 0
    pipeline.now += 1
    assert summary(pipeline.call()).startswith("round 2: ")


def test_a_bad_version_ends_the_action_at_once_with_both_sides(account: Account, pipeline: Pipeline) -> None:
    account.bad[OLD] = lambda question, _: Answer(question.host, 500, 10)
    (said,) = pipeline.run(9)
    assert said["failureDetails"]["type"] == "JobFailed"
    assert "FAIL: " in said["failureDetails"]["message"]
    assert "web errors 100.0% > limit 1.0% (20 samples)" in said["failureDetails"]["message"]


def test_f14_doubt_is_a_failure_in_the_end(account: Account, pipeline: Pipeline) -> None:
    account.bad[OLD] = lambda question, _: Answer(question.host, None, trouble="refused")
    said = pipeline.run(99)
    assert len(said) == 6
    assert said[-1]["failureDetails"]["message"].startswith("INCONCLUSIVE: ")


def test_f26_the_digest_that_is_named_is_held_against_what_runs(account: Account, pipeline: Pipeline) -> None:
    pipeline.parameters["digest"] = NEW
    (said,) = pipeline.run(9)
    assert f"asked was {NEW}" in said["failureDetails"]["message"]
    account.run(NEW)
    assert summary(pipeline.run(9)[-1]).startswith("PASS: ")


def test_f26_two_versions_at_once_are_not_one_to_be_judged(account: Account, pipeline: Pipeline) -> None:
    account.running["exchange-client-web"] = [OLD, NEW, NEW]
    (said,) = pipeline.run(9)
    assert said["failureDetails"]["message"] == (
        f"client runs tasks of more than one version: 2 of {OLD}, 2 of {NEW}; "
        "a gate judges one version: wait for its release, or name one as digest"
    )


def test_f34_a_component_that_runs_nothing_is_not_healthy(account: Account, pipeline: Pipeline) -> None:
    account.running = {}
    (said,) = pipeline.run(9)
    assert said["failureDetails"]["message"].startswith("client runs no task; ")


def test_f26_a_release_meanwhile_does_not_go_unnoticed(account: Account, pipeline: Pipeline) -> None:
    pipeline.call()
    account.run(NEW)
    pipeline.now += INTERVAL
    assert f"asked was {OLD}" in pipeline.call()["failureDetails"]["message"]


def test_f35_a_call_that_comes_twice_takes_one_round(
    account: Account, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = pipeline.jobs.job(GATE)
    first = pipeline.call(event)
    requests = len(account.asked)
    monkeypatch.setitem(pipeline.jobs.results, event["CodePipeline.job"]["id"], None)  # the first answer got lost
    assert pipeline.call(event)["continuationToken"] == first["continuationToken"]
    assert len(account.asked) == requests


def test_f35_the_verdict_comes_twice_alike(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.run(2)
    pipeline.now += INTERVAL
    event = pipeline.jobs.job(GATE, pipeline.token)
    last = pipeline.call(event)
    monkeypatch.setitem(pipeline.jobs.results, event["CodePipeline.job"]["id"], None)
    assert pipeline.call(event) == last
    assert summary(last).startswith("PASS: ")


def test_a_token_of_something_else_fails_the_job(pipeline: Pipeline) -> None:
    pipeline.token = "deployment-7"  # noqa: S105 - a continuation token
    message = pipeline.call()["failureDetails"]["message"]
    assert "the ledger has no gate#deployment-7 of client" in message


def test_the_action_fails_with_its_reason_before_codepipeline_gives_it_up_without_one(pipeline: Pipeline) -> None:
    """24 hours: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    pipeline.call()
    pipeline.now += PIPELINE_JOB_SECONDS + 1
    message = pipeline.call()["failureDetails"]["message"]
    assert message.startswith("no verdict within 23 hours; round 1: INCONCLUSIVE: ")
    assert PIPELINE_JOB_SECONDS < 24 * 3600
