"""A release of what runs already, walked through the machine's synthesized definition with the real handlers."""

from release_engine.ledger import Outcome
from tests.infra.release_walks import SimulatedMachine, bad_answers
from tests.unit.aws.answers import NEW, OLD


def test_the_same_digest_again_is_a_success_with_nothing_done_and_nothing_recorded(machine: SimulatedMachine) -> None:
    before, questions = dict(machine.account.clients["dynamodb"].items), len(machine.account.asked)
    done = machine.release(OLD)
    assert (done.error, done.messages) == (None, [])
    assert done.visited == [
        *("Lock", "Locked?", "Preflight", "Ready?", "Forget", "Unlock", "LookAgain", "Outcome?", "Unchanged")
    ]
    assert done.data["recorded"]["reason"] == f"client already runs {OLD}: nothing to release"
    assert len(machine.account.asked) == questions
    after = dict(machine.account.clients["dynamodb"].items)
    lock = next(key for key in after if key[1] == "lock")
    assert {**after, lock: None} == {**before, lock: None}


def test_the_same_digest_again_is_released_where_anything_is_in_doubt(machine: SimulatedMachine) -> None:
    machine.account.running["exchange-client-worker"] = [NEW]
    assert "Unchanged" not in machine.release(OLD, "r1").visited
    machine.account.run(NEW)
    assert "Unchanged" not in machine.release(NEW, "r2").visited  # it runs, and nobody ever released it
    assert machine.outcome("r2") is Outcome.RELEASED
    assert machine.release(NEW, "r3").visited[-1] == "Unchanged"


def test_what_failed_to_be_undone_is_judged_anew(machine: SimulatedMachine) -> None:
    assert machine.release(NEW, "r1").visited[-1] == "Released"
    machine.account.images = {NEW}
    assert machine.release(OLD, "r1-undo", kind="rollback").error == "Refused"
    machine.account.images = {NEW, OLD}
    assert machine.release(NEW, "r2").visited[-1] == "Released"
    assert machine.release(NEW, "r3").visited[-1] == "Unchanged"


def test_a_version_that_was_put_back_is_left_alone(machine: SimulatedMachine) -> None:
    machine.account.bad[NEW] = bad_answers
    assert machine.release(NEW, "r1").error == "RolledBack"
    assert machine.release(OLD, "r2").visited[-1] == "Unchanged"
    assert machine.release(NEW, "r3").error == "RolledBack"


def test_f13_the_same_digest_again_is_refused_by_a_red_alarm(machine: SimulatedMachine) -> None:
    machine.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    assert machine.release(OLD).error == "Refused"


def test_f35_a_release_that_cannot_be_forgotten_ends_as_refused_and_says_why(machine: SimulatedMachine) -> None:
    machine.broken = {"record forget"}
    done = machine.release(OLD)
    assert (done.error, machine.outcome()) == ("Refused", Outcome.REFUSED)
    assert done.cause == "RuntimeError: record is broken"


def test_a_rollback_to_what_runs_is_judged_and_recorded(machine: SimulatedMachine) -> None:
    done = machine.release(OLD, "undo", kind="rollback")
    assert done.visited[-1] == "Released"
    assert "ExecuteChangeSet" not in done.visited
    assert done.visited.count("Bake") == 3


def test_after_it_the_lock_is_free_and_the_next_version_is_released_over_it(machine: SimulatedMachine) -> None:
    assert machine.release(OLD, "r1").visited[-1] == "Unchanged"
    assert machine.context.ledger.lock("client").holder is None
    assert machine.release(NEW, "r2").visited[-1] == "Released"
    release = machine.context.ledger.find("client", "r2")
    assert release is not None
    assert release.former_digest == OLD
