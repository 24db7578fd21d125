"""What is put back, and when nothing may be."""

from dataclasses import replace
from typing import Any

import pytest

from release_engine.ledger import Kind, Outcome, Release
from release_engine.rollback_plan import Action, Facts, good_releases, plan

V1, V2, V3 = "sha256:1", "sha256:2", "sha256:3"
FACTS = Facts("UPDATE_COMPLETE", V3, frozenset({V1, V2, V3}))


def release(number: int, digest: str, outcome: Outcome = Outcome.RELEASED, **more: Any) -> Release:
    """The release of that number."""
    facts: dict[str, Any] = {
        "kind": Kind.RELEASE,
        "requested_by": "test",
        "started_at": f"2026-11-{number:02d}T10:00:00Z",
    }
    return Release(f"r{number}", "client", digest, outcome=outcome, **{**facts, **more})


def back(digest: str, former: str) -> Release:
    """A rollback that went well."""
    return release(9, digest, kind=Kind.ROLLBACK, former_digest=former)


GOOD = release(1, V1)
BAD = release(3, V3, Outcome.RUNNING, former_digest=V1)


def test_the_former_good_digest_is_put_back() -> None:
    found = plan(BAD, [GOOD, BAD], FACTS)
    assert (found.action, found.digest) == (Action.ROLL_BACK, V1)
    assert "released well by r1" in found.reason


def test_what_ran_before_is_preferred_to_what_was_released_last() -> None:
    by_hand = replace(BAD, former_digest=V1)  # someone went back from V2 to V1 in the console
    assert plan(by_hand, [GOOD, release(2, V2), by_hand], FACTS).digest == V1


def test_f1_when_the_stack_has_restored_the_digest_nothing_is_done_twice() -> None:
    found = plan(BAD, [GOOD, BAD], replace(FACTS, stack_status="UPDATE_ROLLBACK_COMPLETE", stack_digest=V1))
    assert (found.action, found.digest) == (Action.ALREADY_RESTORED, V1)


def test_f4_a_first_release_that_was_undone_has_nothing_to_restore() -> None:
    first = replace(BAD, former_digest=None)
    found = plan(first, [first], Facts("UPDATE_ROLLBACK_COMPLETE", None, frozenset()))
    assert (found.action, found.digest) == (Action.NOTHING_TO_RESTORE, None)


def manifest(phase: str = "none", snapshot_format: str | None = None) -> dict[str, Any]:
    """The parts that plans look at."""
    return {"schema": {"phase": phase}, "snapshot_format": snapshot_format}


@pytest.mark.parametrize(
    ("bad", "history", "facts", "reason"),
    [
        pytest.param(
            replace(BAD, former_digest=None), [], FACTS, "no former good release", id="f4_first_release_still_runs"
        ),
        pytest.param(
            BAD, [GOOD], replace(FACTS, stack_status="UPDATE_ROLLBACK_FAILED"), "UPDATE_ROLLBACK_FAILED", id="f5"
        ),
        pytest.param(BAD, [GOOD], replace(FACTS, stack_status="UPDATE_IN_PROGRESS"), "UPDATE_IN_PROGRESS", id="f2"),
        pytest.param(BAD, [GOOD], replace(FACTS, stack_status=None), "does not exist", id="stack_gone"),
        pytest.param(BAD, [GOOD], replace(FACTS, images=frozenset({V3})), "is missing from the registry", id="f8"),
        pytest.param(
            BAD,
            [GOOD, release(2, V2, Outcome.FAILED, manifest=manifest("contract"))],
            FACTS,
            "a contract migration since: r2",
            id="f9_contract_since",
        ),
        pytest.param(
            replace(BAD, manifest=manifest("contract")), [GOOD], FACTS, "migration since: r3", id="f9_its_own_contract"
        ),
        pytest.param(
            replace(BAD, manifest=manifest(snapshot_format="5")),
            [replace(GOOD, manifest=manifest(snapshot_format="4"))],
            FACTS,
            "snapshots are in format 5 by now, sha256:1 reads 4",
            id="snapshot_format",
        ),
        pytest.param(replace(BAD, kind=Kind.ROLLBACK), [GOOD], FACTS, "is not rolled back by itself", id="rollback"),
        pytest.param(BAD, [release(1, V1, Outcome.ROLLED_BACK)], FACTS, "no former good release", id="only_bad_ones"),
    ],
)
def test_an_unsafe_rollback_is_refused_with_the_reason(
    bad: Release, history: list[Release], facts: Facts, reason: str
) -> None:
    found = plan(bad, [*history, bad], facts)
    assert (found.action, found.digest) == (Action.REFUSE, None)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("second", "good"),
    [
        (release(2, V1, Outcome.FAILED), []),
        (release(2, V1, Outcome.ROLLED_BACK), []),
        (release(2, V1, Outcome.REFUSED), [V1]),
        (release(2, V1, Outcome.RUNNING), [V1]),
        (release(2, V2), [V2, V1]),
    ],
)
def test_a_digest_whose_later_release_failed_is_not_good(second: Release, good: list[str]) -> None:
    assert [one.digest for one in good_releases([GOOD, second])] == good


def test_a_digest_that_was_rolled_back_from_is_not_good_until_it_is_released_again() -> None:
    history = [GOOD, release(2, V2), back(V1, former=V2)]
    assert [one.digest for one in good_releases(history)] == [V1]
    assert [one.digest for one in good_releases([*history, release(10, V2)])] == [V2, V1]


def test_a_refused_contract_release_touched_nothing() -> None:
    refused = release(2, V2, Outcome.REFUSED, manifest=manifest("contract"))
    assert plan(BAD, [GOOD, refused, BAD], FACTS).action is Action.ROLL_BACK
