"""A release of what runs already, walked through the machine's synthesized definition with the real handlers."""

import pytest

from release_engine.ledger import Outcome
from tests.infra.release_walks import Rehearsed, bad_answers, synthesized_definition
from tests.unit.aws.answers import NEW, OLD


@pytest.fixture
def rehearsed() -> Rehearsed:
    """OLD was released well and runs."""
    made = Rehearsed(synthesized_definition())
    made.account.digest = ""
    made.account.run("")
    assert made.release(OLD, "r0").error is None
    return made


def test_the_same_digest_again_is_a_success_with_nothing_done_and_nothing_recorded(rehearsed: Rehearsed) -> None:
    before, asked = dict(rehearsed.account.clients["dynamodb"].items), len(rehearsed.account.asked)
    done = rehearsed.release(OLD)
    assert (done.error, done.told) == (None, [])
    assert done.visited == [
        *("Lock", "Locked?", "Preflight", "Ready?", "Forget", "Unlock", "LookAgain", "Outcome?", "Unchanged")
    ]
    assert done.data["recorded"]["reason"] == f"client already runs {OLD}: nothing to release"
    assert len(rehearsed.account.asked) == asked
    after = dict(rehearsed.account.clients["dynamodb"].items)
    lock = next(key for key in after if key[1] == "lock")
    assert {**after, lock: None} == {**before, lock: None}


def test_the_same_digest_again_is_released_where_anything_is_in_doubt(rehearsed: Rehearsed) -> None:
    rehearsed.account.running["exchange-client-worker"] = [NEW]
    assert "Unchanged" not in rehearsed.release(OLD, "r1").visited
    rehearsed.account.run(NEW)
    assert "Unchanged" not in rehearsed.release(NEW, "r2").visited  # it runs, and nobody ever released it
    assert rehearsed.outcome("r2") is Outcome.RELEASED
    assert rehearsed.release(NEW, "r3").visited[-1] == "Unchanged"


def test_what_failed_to_be_undone_is_judged_anew(rehearsed: Rehearsed) -> None:
    assert rehearsed.release(NEW, "r1").visited[-1] == "Released"
    rehearsed.account.images = {NEW}
    assert rehearsed.release(OLD, "r1-undo", kind="rollback").error == "Refused"
    rehearsed.account.images = {NEW, OLD}
    assert rehearsed.release(NEW, "r2").visited[-1] == "Released"
    assert rehearsed.release(NEW, "r3").visited[-1] == "Unchanged"


def test_a_version_that_was_put_back_is_left_alone(rehearsed: Rehearsed) -> None:
    rehearsed.account.bad[NEW] = bad_answers
    assert rehearsed.release(NEW, "r1").error == "RolledBack"
    assert rehearsed.release(OLD, "r2").visited[-1] == "Unchanged"
    assert rehearsed.release(NEW, "r3").error == "RolledBack"


def test_f13_the_same_digest_again_is_refused_by_a_red_alarm(rehearsed: Rehearsed) -> None:
    rehearsed.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    assert rehearsed.release(OLD).error == "Refused"


def test_f35_a_release_that_cannot_be_forgotten_ends_as_refused_and_says_why(rehearsed: Rehearsed) -> None:
    rehearsed.broken = {"record forget"}
    done = rehearsed.release(OLD)
    assert (done.error, rehearsed.outcome()) == ("Refused", Outcome.REFUSED)
    assert done.cause == "RuntimeError: record is broken"


def test_a_rollback_to_what_runs_is_judged_and_recorded(rehearsed: Rehearsed) -> None:
    done = rehearsed.release(OLD, "undo", kind="rollback")
    assert done.visited[-1] == "Released"
    assert "ExecuteChangeSet" not in done.visited
    assert done.visited.count("Bake") == 3


def test_after_it_the_lock_is_free_and_the_next_version_is_released_over_it(rehearsed: Rehearsed) -> None:
    assert rehearsed.release(OLD, "r1").visited[-1] == "Unchanged"
    assert rehearsed.context.ledger.lock("client").holder is None
    assert rehearsed.release(NEW, "r2").visited[-1] == "Released"
    found = rehearsed.context.ledger.find("client", "r2")
    assert found is not None
    assert found.former_digest == OLD
