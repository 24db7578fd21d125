"""What CodePipeline asks beside the gate: whether the market's window is open, and that a push is recorded."""

from datetime import UTC, datetime
from typing import Any

import pytest

from release_aws.items import from_item
from release_handlers import preflight, record
from release_handlers.function_context import FunctionContext
from release_handlers.pipeline_job import NotMetError
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.aws.fake_codepipeline import CodePipeline
from tests.unit.aws.fake_table import Dynamo

WINDOW = {"component": "client", "ask": "window"}
HOURS = {"days": ["tue", "wed"], "opens": "02:00", "closes": "05:00"}
CLOSED = "client: the release window (tue, wed 02:00-05:00 UTC) is closed: it opens at "


class Pipeline:
    """An action that asks, `now` as it is by the clock."""

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any]) -> None:
        self.jobs: CodePipeline = account.clients["codepipeline"]
        self.now, self.token = "24T01:00", ""
        known = {"client": {**COMPONENT, **facts}}
        context = FunctionContext({"LEDGER_TABLE": "ledger"}, known, client=account.client, now=self._epoch)
        monkeypatch.setattr(preflight, "read_context", lambda: context)

    def call(self, at: str) -> dict[str, Any]:
        """What the function said of the job; its token goes to the next call."""
        self.now = at
        event = self.jobs.job(WINDOW, self.token)
        preflight.handler(event, None)
        said = self.jobs.result(event)
        self.token = said.get("continuationToken", "")
        return said

    def _epoch(self) -> float:
        return datetime.fromisoformat(f"2026-11-{self.now}").replace(tzinfo=UTC).timestamp()


@pytest.fixture
def stage(account: Account, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    return Pipeline(account, monkeypatch, {"window": HOURS})


def test_codepipeline_asks_again_until_the_window_is_open(stage: Pipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html"""
    for at in ("24T01:00", "24T01:30", "24T01:59:59"):
        said = stage.call(at)
        assert said["executionDetails"]["summary"] == f"{CLOSED}2026-11-24T02:00:00Z"
        assert said["continuationToken"] == "2026-11-24T01:00:00Z"
    said = stage.call("24T02:00")
    assert said["executionDetails"]["summary"] == "a release of client may start now"
    assert "continuationToken" not in said


def test_a_component_without_a_window_waits_for_nothing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "continuationToken" not in Pipeline(account, monkeypatch, {}).call("24T12:00")


def test_a_red_alarm_is_no_matter_of_the_window(account: Account, stage: Pipeline) -> None:
    account.alarms = {"exchange-test-client-5xx": "ALARM"}
    assert "failureDetails" not in stage.call("24T03:00")


def test_what_opens_later_than_an_action_lives_is_not_waited_for(stage: Pipeline) -> None:
    """24 hours: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    message = stage.call("25T05:00")["failureDetails"]["message"]
    assert message == f"{CLOSED}2026-12-01T02:00:00Z; an action waits for 23 hours at most: retry it then"
    assert "continuationToken" in stage.call("24T05:00")


def test_a_window_that_closed_between_two_calls_is_not_waited_for_beyond_the_actions_end(stage: Pipeline) -> None:
    stage.call("24T01:00")
    assert "it opens at 2026-11-25T02:00:00Z; an action waits" in stage.call("24T05:00")["failureDetails"]["message"]


def test_a_token_of_something_else_fails_the_job(stage: Pipeline) -> None:
    stage.token = "pipeline-7"  # noqa: S105 - a continuation token
    assert "could not be judged: ValueError" in stage.call("24T01:00")["failureDetails"]["message"]


def test_a_rule_that_hands_over_its_parameters_alone_is_not_met_while_it_is_closed(stage: Pipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html"""
    with pytest.raises(NotMetError, match="it opens at 2026-11-24T02:00:00Z"):
        preflight.handler(WINDOW, None)
    stage.now = "24T02:00"
    assert preflight.handler(WINDOW, None)["outcome"] == "succeeded"


EXECUTION = "3137f7cb-8d49-4c5a-9b8e-1a2b3c4d5e6f"
PUSH: dict[str, Any] = {
    "execution": EXECUTION,
    "commit": "9f0c2d" + "0" * 34,
    "digests": {"client": NEW},
    "environments": ["staging", "prod2"],
}
KEPT = ("pipeline", f"push#{EXECUTION}")


@pytest.fixture
def table(account: Account) -> Dynamo:
    found: Dynamo = account.clients["dynamodb"]
    return found


@pytest.fixture
def pipeline(account: Account, monkeypatch: pytest.MonkeyPatch, context: FunctionContext) -> CodePipeline:
    monkeypatch.setattr(record, "read_context", lambda: context)
    found: CodePipeline = account.clients["codepipeline"]
    return found


def told(pipeline: CodePipeline, push: Any) -> dict[str, Any]:
    """What became of the job that the record function was asked with."""
    event = pipeline.job({"ask": "record", "push": push})
    record.handler(event, None)
    return pipeline.result(event)


def test_a_push_is_kept_with_the_time_at_which_it_was_told(pipeline: CodePipeline, table: Dynamo) -> None:
    said = told(pipeline, PUSH)["executionDetails"]["summary"]
    kept = from_item(table.items[KEPT])
    assert {key: kept[key] for key in PUSH} == PUSH
    assert said == f"commit {PUSH['commit']} is in staging, prod2, recorded at {kept['recorded_at']}"
    assert kept["recorded_at"].startswith("2026-11-18T")


def test_f35_a_push_that_is_told_twice_is_kept_as_it_was_told_first(pipeline: CodePipeline, table: Dynamo) -> None:
    first = told(pipeline, PUSH)
    kept = dict(table.items[KEPT])
    again = told(pipeline, PUSH)
    assert again["executionDetails"] == first["executionDetails"]
    assert table.items[KEPT] == kept


def test_f35_a_push_that_is_told_twice_with_different_words_is_an_error(pipeline: CodePipeline, table: Dynamo) -> None:
    told(pipeline, PUSH)
    kept = dict(table.items[KEPT])
    message = told(pipeline, {**PUSH, "digests": {"client": OLD}})["failureDetails"]["message"]
    assert message.startswith(f"push#{EXECUTION} was recorded at ")
    assert OLD in message
    assert table.items[KEPT] == kept


def test_what_is_wrong_with_a_push_is_the_pipelines_mistake(pipeline: CodePipeline, table: Dynamo) -> None:
    failure = told(pipeline, {**PUSH, "commit": "main", "digests": {"client": "latest"}})["failureDetails"]
    assert failure["type"] == "ConfigurationError"
    assert "push.commit: 'main'" in failure["message"]
    assert "push.digests.client: 'latest'" in failure["message"]
    assert table.items == {}


def test_a_table_that_does_not_take_it_fails_the_job(
    pipeline: CodePipeline, table: Dynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(**_request: Any) -> None:
        raise error("ThrottlingException")

    monkeypatch.setattr(table, "put_item", throttled)
    message = told(pipeline, PUSH)["failureDetails"]["message"]
    assert message.startswith("could not be judged: ClientError: ")
    assert "ThrottlingException" in message


def test_what_is_pushed_is_no_release_of_a_component(pipeline: CodePipeline, context: FunctionContext) -> None:
    told(pipeline, PUSH)
    assert context.ledger.releases("client") == []
    assert context.ledger.lock("client").holder is None
