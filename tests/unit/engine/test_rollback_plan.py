"""What is put back, and when nothing may be: by the machine, by a person's choice, and by the watch, the third net.

`tests/unit/cli/test_rollback.py` has a person's choices as commands.
"""

from dataclasses import replace
from typing import Any

import pytest

from release_engine.ledger import Kind, Outcome, Release, epoch
from release_engine.model import parse_components
from release_engine.rollback_plan import (
    Action,
    Facts,
    RollbackChoice,
    cause_of,
    choose_rollback,
    component_of,
    good_releases,
    more_suspect,
    plan,
    release_to_undo,
)
from tests.unit.aws.account import COMPONENT

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
    decided = plan(BAD, [GOOD, BAD], FACTS)
    assert (decided.action, decided.digest) == (Action.ROLL_BACK, V1)
    assert "released well by r1" in decided.reason


def test_what_ran_before_is_preferred_to_what_was_released_last() -> None:
    by_hand = replace(BAD, former_digest=V1)  # someone went back from V2 to V1 in the console
    assert plan(by_hand, [GOOD, release(2, V2), by_hand], FACTS).digest == V1


def test_f1_when_the_stack_has_restored_the_digest_nothing_is_done_twice() -> None:
    decided = plan(BAD, [GOOD, BAD], replace(FACTS, stack_status="UPDATE_ROLLBACK_COMPLETE", stack_digest=V1))
    assert (decided.action, decided.digest) == (Action.ALREADY_RESTORED, V1)


def test_f4_a_first_release_that_was_undone_has_nothing_to_restore() -> None:
    first = replace(BAD, former_digest=None)
    decided = plan(first, [first], Facts("UPDATE_ROLLBACK_COMPLETE", None, frozenset()))
    assert (decided.action, decided.digest) == (Action.NOTHING_TO_RESTORE, None)


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
    decided = plan(bad, [*history, bad], facts)
    assert (decided.action, decided.digest) == (Action.REFUSE, None)
    assert reason in decided.reason


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
    assert [each.digest for each in good_releases([GOOD, second])] == good


def test_a_digest_that_was_rolled_back_from_is_not_good_until_it_is_released_again() -> None:
    history = [GOOD, release(2, V2), back(V1, former=V2)]
    assert [each.digest for each in good_releases(history)] == [V1]
    assert [each.digest for each in good_releases([*history, release(10, V2)])] == [V2, V1]


def test_a_refused_contract_release_touched_nothing() -> None:
    refused = release(2, V2, Outcome.REFUSED, manifest=manifest("contract"))
    assert plan(BAD, [GOOD, refused, BAD], FACTS).action is Action.ROLL_BACK


OLDER, OLD, NEW = (f"sha256:{letter * 64}" for letter in "abc")
NEW_RUNS = Facts("UPDATE_COMPLETE", NEW, frozenset({OLDER, OLD, NEW}))


def released_on(day: int, digest: str, outcome: Outcome = Outcome.RELEASED, former: str | None = None) -> Release:
    started = f"2026-11-{day}T10:00:00Z"
    return Release(f"release-{day}", "client", digest, Kind.RELEASE, "cli:alice", outcome, started, former)


HISTORY = [released_on(21, NEW, former=OLD), released_on(20, OLD, former=OLDER), released_on(19, OLDER)]


def way(choice: RollbackChoice) -> tuple[str | None, str | None, Action]:
    """From which digest, to which, and by which action."""
    running = choice.running.digest if choice.running else None
    target = choice.target.digest if choice.target else None
    return running, target, choice.plan.action


def test_it_goes_back_to_what_ran_before() -> None:
    assert way(choose_rollback(HISTORY, NEW_RUNS, None)) == (NEW, OLD, Action.ROLL_BACK)


def test_a_digest_that_was_released_well_may_be_named() -> None:
    assert way(choose_rollback(HISTORY, NEW_RUNS, OLDER)) == (NEW, OLDER, Action.ROLL_BACK)


def test_where_what_ran_before_was_found_bad_the_newest_good_one_takes_its_place() -> None:
    undone = replace(released_on(22, OLDER, former=OLD), kind=Kind.ROLLBACK)
    history = [released_on(23, NEW, former=OLD), undone, *HISTORY[1:]]
    assert way(choose_rollback(history, NEW_RUNS, None)) == (NEW, OLDER, Action.ROLL_BACK)
    assert way(choose_rollback(history, NEW_RUNS, OLD)) == (NEW, None, Action.REFUSE)


def test_f5_what_a_person_made_cloudformation_restore_is_judged_and_not_left_behind() -> None:
    failed = released_on(22, f"sha256:{'d' * 64}", Outcome.FAILED, former=NEW)
    choice = choose_rollback([failed, *HISTORY], NEW_RUNS, None)
    assert way(choice) == (failed.digest, NEW, Action.ALREADY_RESTORED)


@pytest.mark.parametrize(
    ("history", "digest", "to", "says"),
    [
        (HISTORY, None, None, "nothing runs"),
        (HISTORY, f"sha256:{'e' * 64}", None, "the ledger does not know how it came there"),
        (HISTORY, NEW, NEW, "is what runs already"),
        (HISTORY[:1], NEW, None, "no former good release"),
        (HISTORY[:2], NEW, OLDER, f"was never released well, or was found bad since; good ones are: {OLD}"),
    ],
)
def test_where_there_is_no_way_back_the_reason_is_told(
    history: list[Release], digest: str | None, to: str | None, says: str
) -> None:
    choice = choose_rollback(history, replace(NEW_RUNS, stack_digest=digest), to)
    assert (choice.target, choice.plan.action) == (None, Action.REFUSE)
    assert says in choice.plan.reason


def test_f8_without_its_image_a_target_is_refused() -> None:
    choice = choose_rollback(HISTORY, replace(NEW_RUNS, images=frozenset({NEW})), None)
    assert way(choice) == (NEW, None, Action.REFUSE)
    assert "is missing from the registry" in choice.plan.reason


CLIENT = parse_components({"client": COMPONENT})["client"]
FINISHED = "2026-11-24T10:30:00Z"
LAST = Release(
    "r1", "client", "sha256:1", Kind.RELEASE, "test", Outcome.RELEASED, "2026-11-24T10:00:00Z", finished_at=FINISHED
)
SERVICE = "arn:aws:ecs:us-west-2:111122223333:service/exchange-test/exchange-client-web"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"resources": [SERVICE], "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED"}}, True),
        ({"resources": [SERVICE], "detail": {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}}, False),
        ({"resources": ["x/other"], "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED"}}, False),
        ({"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "ALARM"}}}, True),
        ({"detail": {"alarmName": "exchange-test-client-5xx", "state": {"value": "OK"}}}, False),
        ({"detail": {"alarmName": "exchange-test-engine-5xx", "state": {"value": "ALARM"}}}, False),
        ({}, False),
    ],
)
def test_an_event_speaks_against_a_component_or_none(event: dict[str, Any], found: bool) -> None:
    assert (component_of(event, [CLIENT]) is CLIENT) is found


@pytest.mark.parametrize(
    ("history", "now", "undone", "reason"),
    [
        ([LAST], 60, True, ""),
        ([LAST], 7201, False, "was released more than 120 minutes ago"),
        ([], 60, False, "nothing was ever released"),
        ([replace(LAST, outcome=Outcome.FAILED)], 60, False, "nothing to undo"),
        ([replace(LAST, kind=Kind.ROLLBACK)], 60, False, "nothing to undo"),
        ([LAST, replace(LAST, release_id="r2", outcome=Outcome.REFUSED)], 60, True, ""),
        ([replace(LAST, finished_at=None)], 60, False, "more than"),
    ],
)
def test_f27_the_last_release_is_undone_while_it_is_watched(
    history: list[Release], now: int, undone: bool, reason: str
) -> None:
    bad, why = release_to_undo(history, now=epoch(FINISHED) + now, window=7200)
    assert (bad is LAST) is undone
    assert reason in why


def test_the_cause_is_named() -> None:
    assert cause_of({"detail": {"alarmName": "a"}}) == "a"
    assert cause_of({"detail": {"deploymentId": "ecs-svc/1"}}) == "ecs-svc/1"
    assert cause_of({"id": "e"}) == "e"
    assert cause_of({}) == "event"


@pytest.mark.parametrize(
    ("outcome", "seconds", "suspect"),
    [
        (Outcome.ROLLED_BACK, 60, True),
        (Outcome.FAILED, 60, True),
        (Outcome.ROLLED_BACK, 601, False),  # long enough ago
        (Outcome.RELEASED, 60, False),
        (Outcome.REFUSED, 60, False),  # it touched nothing
    ],
)
def test_a_neighbour_that_was_found_bad_just_now_is_more_suspect(outcome: Outcome, seconds: int, suspect: bool) -> None:
    backend = replace(LAST, release_id="b1", component="backend", outcome=outcome)
    blamed = more_suspect({"backend": [backend], "engine": []}, epoch(FINISHED) + seconds)
    assert blamed == ("b1 of backend was found bad less than 10 minutes ago" if suspect else None)
