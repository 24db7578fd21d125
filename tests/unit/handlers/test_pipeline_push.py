"""The pipeline's last action: what it brought to its end is in the ledger, once."""

from typing import Any

import pytest

from release_aws.items import from_item
from release_handlers import record
from release_handlers.world import World
from tests.unit.aws.account import Account
from tests.unit.aws.answers import error
from tests.unit.aws.digests import NEW, OLD
from tests.unit.aws.fake_codepipeline import CodePipeline
from tests.unit.aws.fake_table import Dynamo

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
def pipeline(account: Account, monkeypatch: pytest.MonkeyPatch, world: World) -> CodePipeline:
    monkeypatch.setattr(record, "world", lambda: world)
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


def test_what_is_pushed_is_no_release_of_a_component(pipeline: CodePipeline, world: World) -> None:
    told(pipeline, PUSH)
    assert world.ledger.releases("client") == []
    assert world.ledger.lock("client").holder is None
