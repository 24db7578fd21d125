"""What was released well last stands, unless something since speaks against it."""

from typing import Any

import pytest

from release_engine.ledger import Current, Kind, Outcome, Release, standing
from tests.unit.aws.answers import NEW, OLD

CURRENT = Current("client", NEW, "r10")


def release(hour: int, outcome: Outcome = Outcome.RELEASED, kind: Kind = Kind.RELEASE, **more: Any) -> Release:
    return Release(f"r{hour}", "client", NEW, kind, "t", outcome, f"2026-11-24T{hour}:00:00Z", **more)


@pytest.mark.parametrize(
    "since",
    [
        (),
        (release(11, Outcome.RUNNING),),
        (release(11, Outcome.ROLLED_BACK), release(12, Outcome.RUNNING)),
        (release(11, Outcome.REFUSED),),
    ],
)
def test_it_stands_after_what_left_it_or_put_it_back(since: tuple[Release, ...]) -> None:
    assert standing([*since, release(10)], CURRENT) == NEW


@pytest.mark.parametrize(
    "since",
    [
        release(11, Outcome.FAILED),
        release(11, Outcome.FAILED, Kind.ROLLBACK, undoes="r10"),
        release(11, Outcome.REFUSED, Kind.ROLLBACK, undoes="r10"),
        release(11, Outcome.ROLLED_BACK, Kind.ROLLBACK),
    ],
)
def test_it_is_in_doubt_after_a_failure_and_after_a_rollback_that_did_not_make_it(since: Release) -> None:
    assert standing([release(12, Outcome.ROLLED_BACK), since, release(10)], CURRENT) is None


def test_what_the_ledger_does_not_know_is_in_doubt() -> None:
    assert standing([release(10)], None) is None
    assert standing([release(9)], CURRENT) is None
    assert standing([], CURRENT) is None


def test_what_came_before_it_is_no_matter() -> None:
    before = Release("r8", "client", OLD, Kind.RELEASE, "t", Outcome.FAILED, "2026-11-24T08:00:00Z")
    assert standing([before, release(10)], CURRENT) == NEW
