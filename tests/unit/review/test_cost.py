"""List prices: what is in the table is reckoned, what is not is said."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

import release.review
from release.review.cost import list_prices
from tests.unit.review.conftest import Reviewed

TABLE = Path(next(iter(release.review.__path__)), "prices.toml")
VCPU, GB = 0.04 * 100, 0.01 * 100  # dollars a month, with the hours of the tests' table


def test_a_larger_task_costs_more_for_each_task_that_autoscaling_keeps(reviewed: Reviewed) -> None:
    (line,) = reviewed("task size").cost.lines
    assert line.before == pytest.approx(2 * (0.5 * VCPU + 1 * GB))
    assert line.after == pytest.approx(2 * (1 * VCPU + 2 * GB))


def test_a_higher_floor_costs_another_task(reviewed: Reviewed) -> None:
    assert reviewed("more tasks").cost.difference == pytest.approx(0.5 * VCPU + 1 * GB)


def test_a_standby_costs_what_its_primary_costs_storage_included(reviewed: Reviewed) -> None:
    cost = reviewed("database gets a standby").cost
    assert cost.difference == pytest.approx(0.1 * 100 + 50 * 0.2)
    assert cost.elsewhere == ("database_postgres_t4g_medium_hour: us-east-1",)


@pytest.mark.parametrize("case", ["database renamed", "database moved to another port"])
def test_what_a_policy_keeps_is_billed_on(reviewed: Reviewed, case: str) -> None:
    assert reviewed(case).cost.difference == pytest.approx(0.1 * 100 + 50 * 0.2)


def test_a_stack_that_is_left_where_it_is_saves_nothing(reviewed: Reviewed) -> None:
    assert reviewed("stack removed").cost.lines == ()


def test_what_has_no_price_is_named_and_not_taken_for_free(reviewed: Reviewed) -> None:
    added = reviewed("stack added").cost
    assert added.difference == 1.0
    assert [one.split(":")[0] for one in added.not_priced] == ["added/Bucket"]
    (unknown,) = reviewed("alarm goes").cost.not_priced
    assert unknown == "silent/Alarm: no price of alarm_month in the table"


def test_every_price_says_where_it_holds_and_where_aws_publishes_it() -> None:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    assert isinstance(table.pop("checked"), date)
    assert table.pop("hours") == list_prices().hours == 730
    assert set(table) == set(list_prices().prices)
    for name, price in table.items():
        assert set(price) == {"usd", "region", "page", "seen"}, name
        assert price["page"].startswith("https://aws.amazon.com/"), name
        assert 0 < price["usd"] < 100, name
