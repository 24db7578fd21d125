"""The release machine, walked through from its synthesized definition with the real handlers."""

import pytest

from release_engine.gate import Answer
from release_engine.ledger import Kind, Outcome, Release, iso
from release_engine.times import STACK_POLLS
from tests.infra.release_walks import RELEASE_ID, SimulatedMachine, bad_answers, synthesized_definition
from tests.unit.aws.answers import NEW, OLD, change


def test_a_good_release_ends_as_released(machine: SimulatedMachine) -> None:
    done = machine.release()
    assert done.error is None
    assert done.visited[-1] == "Released"
    assert done.visited.count("Bake") == 3
    current = machine.context.ledger.current("client")
    assert current is not None
    assert current.digest == NEW
    release = machine.context.ledger.find("client", RELEASE_ID)
    assert release is not None
    assert (release.outcome, release.former_digest, release.verdict) == (Outcome.RELEASED, OLD, "PASS")
    assert release.seconds_by_state == {"Lock": 2.0}
    assert "web errors 0.0% <= limit 1.0% (60 samples)" in (release.reason or "")


def test_a_bad_version_is_put_back_with_both_sides_in_the_reason(machine: SimulatedMachine) -> None:
    machine.account.bad[NEW] = bad_answers
    done = machine.release()
    assert done.error == "RolledBack"
    assert "web errors 20.0% > limit 1.0% (20 samples)" in str(done.cause)
    assert done.visited.count("Bake") == 1
    assert "RollBackExecuteChangeSet" in done.visited
    assert machine.account.digest == OLD
    assert machine.outcome() is Outcome.ROLLED_BACK
    assert machine.context.ledger.current("client").digest == OLD  # type: ignore[union-attr]
    assert len(done.messages) == 1


def test_f1_what_ecs_rolled_back_is_no_success(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["roll_back"]
    done = machine.release()
    assert done.error == "RolledBack"
    assert "Web: circuit breaker was triggered" in str(done.cause)
    assert "RollBackCreateChangeSet" not in done.visited
    assert "VerifyRolledBack" in done.visited


def test_f1_f26_a_green_stack_with_old_tasks_is_no_success(machine: SimulatedMachine) -> None:
    def half(digest: str) -> None:
        machine.account.digest = digest
        machine.account.running["exchange-client-web"] = [digest, OLD]

    machine.account.run = half  # type: ignore[method-assign]
    done = machine.release()
    assert done.error == "RolledBack"
    assert "1 of 2 tasks runs" in str(done.cause)
    assert "Bake" not in done.visited


def test_f2_a_stack_that_hangs_is_cancelled_and_undone(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["hang"]
    done = machine.release()
    assert done.visited.count("CancelUpdate") == 1
    assert done.visited.count("PollStack") == STACK_POLLS + 1
    assert done.error == "RolledBack"


def test_f4_a_failed_first_release_says_that_there_is_nothing_to_go_back_to() -> None:
    first = SimulatedMachine(synthesized_definition())
    first.account.run("")
    first.account.bad[NEW] = bad_answers
    done = first.release()
    assert done.error == "Failed"
    assert "no former good release" in str(done.cause)
    assert done.messages


def test_a_baseline_runs_from_the_change_set_to_the_end_of_the_release(machine: SimulatedMachine) -> None:
    done = machine.release()
    assert done.visited[done.visited.index("ChangeSet?") + 1 :][:2] == ["StartBaseline", "ExecuteChangeSet"]
    assert done.visited[-5] == "StopBaseline"
    assert done.visited[-4:] == ["Unlock", "LookAgain", "Outcome?", "Released"]
    assert len(machine.account.clients["ecs"].created) == 1
    assert machine.account.beside == {}


@pytest.mark.parametrize("outcome", ["roll_back", "fail"])
def test_a_release_that_does_not_make_it_leaves_no_baseline_behind(machine: SimulatedMachine, outcome: str) -> None:
    machine.account.outcome = [outcome]
    assert machine.release().error is not None
    assert len(machine.account.clients["ecs"].deleted) == 1
    assert machine.account.beside == {}


def test_a_baseline_that_cannot_be_stopped_holds_nothing_up_and_ends_with_the_next_release(
    machine: SimulatedMachine,
) -> None:
    machine.broken = {"baseline stop"}
    assert machine.release().error is None
    assert len(machine.account.beside) == 1
    machine.broken = set()
    assert machine.release(OLD, "r9").error is None
    assert machine.account.beside == {}


def test_f4_a_first_release_that_cloudformation_undid_leaves_nothing_running() -> None:
    first = SimulatedMachine(synthesized_definition())
    first.account.run("")
    first.account.outcome = ["roll_back"]
    done = first.release()
    assert done.error == "RolledBack"
    assert "nothing ran before this first release" in str(done.cause)


def test_f5_a_rollback_that_cloudformation_could_not_do_is_a_failure_and_pages(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["fail"]
    done = machine.release()
    assert done.error == "Failed"
    assert "UPDATE_ROLLBACK_FAILED" in str(done.cause)
    assert "UPDATE_ROLLBACK_FAILED" in done.messages[0]


def test_f8_without_the_former_image_nothing_is_touched(machine: SimulatedMachine) -> None:
    machine.account.images = {NEW}
    done = machine.release()
    assert done.error == "Refused"
    assert "former image" in str(done.cause)
    assert "CreateChangeSet" not in done.visited


def test_f13_a_red_alarm_refuses(machine: SimulatedMachine) -> None:
    machine.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    done = machine.release()
    assert (done.error, machine.outcome()) == ("Refused", Outcome.REFUSED)


def test_f14_a_version_that_nobody_could_ask_is_not_released(machine: SimulatedMachine) -> None:
    machine.account.bad[NEW] = lambda question, _: Answer(question.host, None, trouble="refused")
    done = machine.release()
    assert done.error == "RolledBack"
    assert done.visited.count("Bake") == 6
    assert "could not be taken" in str(done.cause)


def test_f20_a_second_release_is_busy_and_touches_nothing(machine: SimulatedMachine) -> None:
    machine.context.ledger.acquire("client", "other", now=machine.context.now(), lease=3600)
    machine.account.live = {"other"}
    done = machine.release()
    assert done.error == "Busy"
    assert "other holds the lock of client since 20" in str(done.cause)
    assert done.visited == ["Lock", "Locked?", "Busy"]


def test_the_lock_of_a_dead_execution_is_taken_over_and_its_release_called_failed(machine: SimulatedMachine) -> None:
    ledger = machine.context.ledger
    dead = ledger.acquire("client", "dead", now=machine.context.now(), lease=3600)
    ledger.record(Release("dead", "client", NEW, Kind.RELEASE, "t", Outcome.RUNNING, iso(0), token=dead.token))
    assert machine.release().error is None
    assert machine.outcome("dead") is Outcome.FAILED


def test_what_a_dead_execution_recorded_stands(machine: SimulatedMachine) -> None:
    ledger = machine.context.ledger
    dead = ledger.acquire("client", "dead", now=machine.context.now(), lease=3600)
    ledger.record(Release("dead", "client", NEW, Kind.RELEASE, "t", Outcome.ROLLED_BACK, iso(0), token=dead.token))
    assert machine.release().error is None
    assert machine.outcome("dead") is Outcome.ROLLED_BACK


def test_f15_a_change_set_that_touches_more_is_refused(machine: SimulatedMachine) -> None:
    machine.account.clients["cloudformation"].changes = [change("Rule", "AWS::EC2::SecurityGroupIngress")]
    done = machine.release()
    assert done.error == "Refused"
    assert "the change set touches Rule (AWS::EC2::SecurityGroupIngress)" in str(done.cause)
    assert "ExecuteChangeSet" not in done.visited


def test_a_rollback_by_hand_goes_the_same_way(machine: SimulatedMachine) -> None:
    assert machine.release().error is None
    machine.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    done = machine.release(OLD, "undo", kind="rollback")
    assert done.error is None
    assert machine.account.digest == OLD


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("record lock", "Refused"),
        ("preflight", "Refused"),
        ("deploy create", "Refused"),
        ("deploy inspect", "Refused"),
        ("baseline start", "Refused"),
        ("deploy execute", "RolledBack"),
        ("deploy poll", "Failed"),
        ("verify", "Failed"),
        ("health_gate", "RolledBack"),
        ("record record", "Failed"),
    ],
)
def test_f35_a_function_that_dies_never_leaves_a_release_undecided(
    machine: SimulatedMachine, broken: str, error: str
) -> None:
    machine.broken = {broken}
    done = machine.release()
    assert done.error == error
    assert "Unlock" in done.visited
    assert "is broken" in str(done.cause)


def test_a_bad_version_whose_rollback_cannot_be_planned_pages(machine: SimulatedMachine) -> None:
    machine.account.bad[NEW] = bad_answers
    machine.broken = {"auto_rollback"}
    done = machine.release()
    assert done.error == "Failed"
    assert "auto_rollback is broken" in done.messages[0]


def test_an_unlock_that_fails_does_not_change_the_outcome(machine: SimulatedMachine) -> None:
    machine.broken = {"record unlock"}
    assert machine.release().visited[-1] == "Released"
