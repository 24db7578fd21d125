"""A stage waits for the market window. 2026-11-24 is a Tuesday."""

from datetime import UTC, datetime
from typing import Any

import pytest

from release_handlers import preflight
from release_handlers.pipeline_job import NotMetError
from release_handlers.world import World
from tests.unit.aws.account import COMPONENT, Account
from tests.unit.aws.fake_codepipeline import CodePipeline

WINDOW = {"component": "client", "ask": "window"}
HOURS = {"days": ["tue", "wed"], "opens": "02:00", "closes": "05:00"}
CLOSED = "client: the release window (tue, wed 02:00-05:00 UTC) is closed: it opens at "


class Pipeline:
    """An action that asks, `now` as it is by the clock."""

    def __init__(self, account: Account, monkeypatch: pytest.MonkeyPatch, facts: dict[str, Any]) -> None:
        self.jobs: CodePipeline = account.clients["codepipeline"]
        self.now, self.token = "24T01:00", ""
        known = {"client": {**COMPONENT, **facts}}
        world = World({"LEDGER_TABLE": "ledger"}, known, client=account.client, now=self._epoch)
        monkeypatch.setattr(preflight, "world", lambda: world)

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
def pipeline(account: Account, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    return Pipeline(account, monkeypatch, {"window": HOURS})


def test_codepipeline_asks_again_until_the_window_is_open(pipeline: Pipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PutJobSuccessResult.html"""
    for at in ("24T01:00", "24T01:30", "24T01:59:59"):
        said = pipeline.call(at)
        assert said["executionDetails"]["summary"] == f"{CLOSED}2026-11-24T02:00:00Z"
        assert said["continuationToken"] == "2026-11-24T01:00:00Z"
    said = pipeline.call("24T02:00")
    assert said["executionDetails"]["summary"] == "a release of client may start now"
    assert "continuationToken" not in said


def test_a_component_without_a_window_waits_for_nothing(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "continuationToken" not in Pipeline(account, monkeypatch, {}).call("24T12:00")


def test_a_red_alarm_is_no_matter_of_the_window(account: Account, pipeline: Pipeline) -> None:
    account.alarms = {"exchange-test-client-5xx": "ALARM"}
    assert "failureDetails" not in pipeline.call("24T03:00")


def test_what_opens_later_than_an_action_lives_is_not_waited_for(pipeline: Pipeline) -> None:
    """24 hours: https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
    message = pipeline.call("25T05:00")["failureDetails"]["message"]
    assert message == f"{CLOSED}2026-12-01T02:00:00Z; an action waits for 23 hours at most: retry it then"
    assert "continuationToken" in pipeline.call("24T05:00")


def test_a_window_that_closed_between_two_calls_is_not_waited_for_beyond_the_actions_end(pipeline: Pipeline) -> None:
    pipeline.call("24T01:00")
    assert "it opens at 2026-11-25T02:00:00Z; an action waits" in pipeline.call("24T05:00")["failureDetails"]["message"]


def test_a_token_of_something_else_fails_the_job(pipeline: Pipeline) -> None:
    pipeline.token = "pipeline-7"  # noqa: S105 - a continuation token
    assert "could not be judged: ValueError" in pipeline.call("24T01:00")["failureDetails"]["message"]


def test_a_rule_that_hands_over_its_parameters_alone_is_not_met_while_it_is_closed(pipeline: Pipeline) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html"""
    with pytest.raises(NotMetError, match="it opens at 2026-11-24T02:00:00Z"):
        preflight.handler(WINDOW, None)
    pipeline.now = "24T02:00"
    assert preflight.handler(WINDOW, None)["outcome"] == "succeeded"
