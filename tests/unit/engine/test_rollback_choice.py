"""Where a person's rollback goes back to: from the history and the facts alone.

`tests/unit/cli/test_rollback.py` has the same choices as commands.
"""

from dataclasses import replace

import pytest

from release_engine.ledger import Kind, Outcome, Release
from release_engine.rollback_choice import RollbackChoice, choose_rollback
from release_engine.rollback_plan import Action, Facts

OLDER, OLD, NEW = (f"sha256:{letter * 64}" for letter in "abc")
FACTS = Facts("UPDATE_COMPLETE", NEW, frozenset({OLDER, OLD, NEW}))


def release(day: int, digest: str, outcome: Outcome = Outcome.RELEASED, former: str | None = None) -> Release:
    started = f"2026-11-{day}T10:00:00Z"
    return Release(f"release-{day}", "client", digest, Kind.RELEASE, "cli:alice", outcome, started, former)


HISTORY = [release(21, NEW, former=OLD), release(20, OLD, former=OLDER), release(19, OLDER)]


def way(choice: RollbackChoice) -> tuple[str | None, str | None, Action]:
    """From which digest, to which, and by which action."""
    running = choice.running.digest if choice.running else None
    target = choice.target.digest if choice.target else None
    return running, target, choice.plan.action


def test_it_goes_back_to_what_ran_before() -> None:
    assert way(choose_rollback(HISTORY, FACTS, None)) == (NEW, OLD, Action.ROLL_BACK)


def test_a_digest_that_was_released_well_may_be_named() -> None:
    assert way(choose_rollback(HISTORY, FACTS, OLDER)) == (NEW, OLDER, Action.ROLL_BACK)


def test_where_what_ran_before_was_found_bad_the_newest_good_one_takes_its_place() -> None:
    undone = replace(release(22, OLDER, former=OLD), kind=Kind.ROLLBACK)
    history = [release(23, NEW, former=OLD), undone, *HISTORY[1:]]
    assert way(choose_rollback(history, FACTS, None)) == (NEW, OLDER, Action.ROLL_BACK)
    assert way(choose_rollback(history, FACTS, OLD)) == (NEW, None, Action.REFUSE)


def test_f5_what_a_person_made_cloudformation_restore_is_judged_and_not_left_behind() -> None:
    failed = release(22, f"sha256:{'d' * 64}", Outcome.FAILED, former=NEW)
    choice = choose_rollback([failed, *HISTORY], FACTS, None)
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
    choice = choose_rollback(history, replace(FACTS, stack_digest=digest), to)
    assert (choice.target, choice.plan.action) == (None, Action.REFUSE)
    assert says in choice.plan.reason


def test_f8_without_its_image_a_target_is_refused() -> None:
    choice = choose_rollback(HISTORY, replace(FACTS, images=frozenset({NEW})), None)
    assert way(choice) == (NEW, None, Action.REFUSE)
    assert "is missing from the registry" in choice.plan.reason
