"""The release machine, walked through from its synthesized definition with the real handlers."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from release_engine.gate import Answer
from release_engine.ledger import Kind, Outcome, Release, iso
from release_engine.machine_state import FailureKey, MachineState, ResultKey
from release_engine.times import STACK_POLLS
from tests.infra.release_walks import RELEASE_ID, Rehearsed, bad_answers, synthesized_definition
from tests.unit.aws.answers import NEW, OLD, change


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    """Synthesized once."""
    return synthesized_definition()


@pytest.fixture
def rehearsed(definition: dict[str, Any]) -> Iterator[Rehearsed]:
    """Whatever happens in a test, nobody holds the lock afterwards."""
    made = Rehearsed(definition)
    made.account.digest = ""
    made.account.run("")
    assert made.release(OLD, "r0").error is None
    yield made
    if "record unlock" not in made.broken:
        assert made.context.ledger.lock("client").holder in (None, "other")


def test_a_good_release_ends_as_released(rehearsed: Rehearsed) -> None:
    done = rehearsed.release()
    assert done.error is None
    assert done.visited[-1] == "Released"
    assert done.visited.count("Bake") == 3
    current = rehearsed.context.ledger.current("client")
    assert current is not None
    assert current.digest == NEW
    found = rehearsed.context.ledger.find("client", RELEASE_ID)
    assert found is not None
    assert (found.outcome, found.former_digest, found.verdict) == (Outcome.RELEASED, OLD, "PASS")
    assert found.seconds_by_state == {"Lock": 2.0}
    assert "web errors 0.0% <= limit 1.0% (60 samples)" in (found.reason or "")


def test_a_bad_version_is_put_back_with_both_sides_in_the_reason(rehearsed: Rehearsed) -> None:
    rehearsed.account.bad[NEW] = bad_answers
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert "web errors 20.0% > limit 1.0% (20 samples)" in str(done.cause)
    assert done.visited.count("Bake") == 1
    assert "RollBackExecuteChangeSet" in done.visited
    assert rehearsed.account.digest == OLD
    assert rehearsed.outcome() is Outcome.ROLLED_BACK
    assert rehearsed.context.ledger.current("client").digest == OLD  # type: ignore[union-attr]
    assert len(done.told) == 1


def test_f1_what_ecs_rolled_back_is_no_success(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["roll_back"]
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert "Web: circuit breaker was triggered" in str(done.cause)
    assert "RollBackCreateChangeSet" not in done.visited
    assert "VerifyRolledBack" in done.visited


def test_f1_f26_a_green_stack_with_old_tasks_is_no_success(rehearsed: Rehearsed) -> None:
    def half(digest: str) -> None:
        rehearsed.account.digest = digest
        rehearsed.account.running["exchange-client-web"] = [digest, OLD]

    rehearsed.account.run = half  # type: ignore[method-assign]
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert "1 of 2 tasks runs" in str(done.cause)
    assert "Bake" not in done.visited


def test_f2_a_stack_that_hangs_is_cancelled_and_undone(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["hang"]
    done = rehearsed.release()
    assert done.visited.count("CancelUpdate") == 1
    assert done.visited.count("PollStack") == STACK_POLLS + 1
    assert done.error == "RolledBack"


def test_f4_a_failed_first_release_says_that_there_is_nothing_to_go_back_to(definition: dict[str, Any]) -> None:
    first = Rehearsed(definition)
    first.account.run("")
    first.account.bad[NEW] = bad_answers
    done = first.release()
    assert done.error == "Failed"
    assert "no former good release" in str(done.cause)
    assert done.told


def test_a_baseline_runs_from_the_change_set_to_the_end_of_the_release(rehearsed: Rehearsed) -> None:
    done = rehearsed.release()
    assert done.visited[done.visited.index("ChangeSet?") + 1 :][:2] == ["StartBaseline", "ExecuteChangeSet"]
    assert done.visited[-5] == "StopBaseline"
    assert done.visited[-4:] == ["Unlock", "LookAgain", "Outcome?", "Released"]
    assert len(rehearsed.account.clients["ecs"].created) == 1
    assert rehearsed.account.beside == {}


@pytest.mark.parametrize("outcome", ["roll_back", "fail"])
def test_a_release_that_does_not_make_it_leaves_no_baseline_behind(rehearsed: Rehearsed, outcome: str) -> None:
    rehearsed.account.outcome = [outcome]
    assert rehearsed.release().error is not None
    assert len(rehearsed.account.clients["ecs"].deleted) == 1
    assert rehearsed.account.beside == {}


def test_a_baseline_that_cannot_be_stopped_holds_nothing_up_and_ends_with_the_next_release(
    rehearsed: Rehearsed,
) -> None:
    rehearsed.broken = {"baseline stop"}
    assert rehearsed.release().error is None
    assert len(rehearsed.account.beside) == 1
    rehearsed.broken = set()
    assert rehearsed.release(OLD, "r9").error is None
    assert rehearsed.account.beside == {}


def test_where_ecs_bakes_the_gate_judges_meanwhile(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["bake"]
    done = rehearsed.release()
    assert done.error is None
    way = [name for name in done.visited if name in ("PollStack", "Bake", "VerifyRunning", "RecordSuccess")]
    first = way.index("Bake")
    assert way[first : first + 3] == ["Bake"] * 3
    assert way[first + 3] == "PollStack"
    assert way[-2:] == ["VerifyRunning", "RecordSuccess"]
    assert rehearsed.outcome() is Outcome.RELEASED


def test_a_version_found_bad_while_ecs_bakes_has_its_traffic_flipped_back(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["bake"]
    rehearsed.account.bad[NEW] = bad_answers
    done = rehearsed.release()
    assert (done.error, rehearsed.account.stopped) == ("RolledBack", ["exchange-client-web"])
    assert "web errors 20.0% > limit 1.0% (20 samples)" in str(done.cause)
    assert "already restored" in str(done.cause)
    assert "RollBackCreateChangeSet" not in done.visited
    assert rehearsed.account.digest == OLD


def test_f35_a_gate_that_dies_while_ecs_bakes_lets_nothing_through(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome, rehearsed.broken = ["bake"], {"health_gate"}
    done = rehearsed.release()
    assert (done.error, rehearsed.account.stopped) == ("RolledBack", ["exchange-client-web"])
    assert "health_gate is broken" in str(done.cause)
    assert rehearsed.account.digest == OLD


def test_f35_a_deployment_that_cannot_be_stopped_has_its_update_cancelled(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome, rehearsed.broken = ["bake"], {"deploy stop"}
    rehearsed.account.bad[NEW] = bad_answers
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert "CancelUpdate" in done.visited
    assert rehearsed.account.digest == OLD


def test_a_deployment_that_was_over_before_it_was_stopped_is_undone_by_another(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["bake"]
    rehearsed.account.bad[NEW] = bad_answers
    rehearsed.account.too_late = True
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert "RollBackExecuteChangeSet" in done.visited
    assert rehearsed.account.digest == OLD


def test_doubt_that_outlasts_the_bake_of_ecs_is_undone_by_a_deployment(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["bake"]
    rehearsed.account.bad[NEW] = lambda question, _: Answer(question.host, None, trouble="refused")
    ask, asked = rehearsed.context.ask, []

    def until_the_bake_is_over(questions: Any, seconds: float) -> list[Answer]:
        asked.append(len(questions))
        if len(asked) == 6:
            rehearsed.account.bakes_for = 1
            rehearsed.account.clients["cloudformation"].describe_stacks("exchange-test-client")
            rehearsed.account.outcome = ["succeed"]
        return ask(questions, seconds)

    rehearsed.context.ask = until_the_bake_is_over
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert rehearsed.account.stopped == []
    assert "StopDeployment" in done.visited
    assert "RollBackExecuteChangeSet" in done.visited
    assert rehearsed.account.digest == OLD


def test_f4_a_first_release_that_cloudformation_undid_leaves_nothing_running(definition: dict[str, Any]) -> None:
    first = Rehearsed(definition)
    first.account.run("")
    first.account.outcome = ["roll_back"]
    done = first.release()
    assert done.error == "RolledBack"
    assert "nothing ran before this first release" in str(done.cause)


def test_f5_a_rollback_that_cloudformation_could_not_do_is_a_failure_and_pages(rehearsed: Rehearsed) -> None:
    rehearsed.account.outcome = ["fail"]
    done = rehearsed.release()
    assert done.error == "Failed"
    assert "UPDATE_ROLLBACK_FAILED" in str(done.cause)
    assert "UPDATE_ROLLBACK_FAILED" in done.told[0]


def test_f8_without_the_former_image_nothing_is_touched(rehearsed: Rehearsed) -> None:
    rehearsed.account.images = {NEW}
    done = rehearsed.release()
    assert done.error == "Refused"
    assert "former image" in str(done.cause)
    assert "CreateChangeSet" not in done.visited


def test_f13_a_red_alarm_refuses(rehearsed: Rehearsed) -> None:
    rehearsed.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    done = rehearsed.release()
    assert (done.error, rehearsed.outcome()) == ("Refused", Outcome.REFUSED)


def test_f14_a_version_that_nobody_could_ask_is_not_released(rehearsed: Rehearsed) -> None:
    rehearsed.account.bad[NEW] = lambda question, _: Answer(question.host, None, trouble="refused")
    done = rehearsed.release()
    assert done.error == "RolledBack"
    assert done.visited.count("Bake") == 6
    assert "could not be taken" in str(done.cause)


def test_f20_a_second_release_is_busy_and_touches_nothing(rehearsed: Rehearsed) -> None:
    rehearsed.context.ledger.acquire("client", "other", now=rehearsed.context.now(), lease=3600)
    rehearsed.account.live = {"other"}
    done = rehearsed.release()
    assert done.error == "Busy"
    assert "other holds the lock of client since 20" in str(done.cause)
    assert done.visited == ["Lock", "Locked?", "Busy"]


def test_the_lock_of_a_dead_execution_is_taken_over_and_its_release_called_failed(rehearsed: Rehearsed) -> None:
    ledger = rehearsed.context.ledger
    dead = ledger.acquire("client", "dead", now=rehearsed.context.now(), lease=3600)
    ledger.record(Release("dead", "client", NEW, Kind.RELEASE, "t", Outcome.RUNNING, iso(0), token=dead.token))
    assert rehearsed.release().error is None
    assert rehearsed.outcome("dead") is Outcome.FAILED


def test_what_a_dead_execution_recorded_stands(rehearsed: Rehearsed) -> None:
    ledger = rehearsed.context.ledger
    dead = ledger.acquire("client", "dead", now=rehearsed.context.now(), lease=3600)
    ledger.record(Release("dead", "client", NEW, Kind.RELEASE, "t", Outcome.ROLLED_BACK, iso(0), token=dead.token))
    assert rehearsed.release().error is None
    assert rehearsed.outcome("dead") is Outcome.ROLLED_BACK


def test_f15_a_change_set_that_touches_more_is_refused(rehearsed: Rehearsed) -> None:
    rehearsed.account.clients["cloudformation"].changes = [change("Rule", "AWS::EC2::SecurityGroupIngress")]
    done = rehearsed.release()
    assert done.error == "Refused"
    assert "the change set touches Rule (AWS::EC2::SecurityGroupIngress)" in str(done.cause)
    assert "ExecuteChangeSet" not in done.visited


def test_a_rollback_by_hand_goes_the_same_way(rehearsed: Rehearsed) -> None:
    assert rehearsed.release().error is None
    rehearsed.account.alarms = {"exchange-test-client-5xx": "ALARM"}
    done = rehearsed.release(OLD, "undo", kind="rollback")
    assert done.error is None
    assert rehearsed.account.digest == OLD


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
    rehearsed: Rehearsed, broken: str, error: str
) -> None:
    rehearsed.broken = {broken}
    done = rehearsed.release()
    assert done.error == error
    assert "Unlock" in done.visited
    assert "is broken" in str(done.cause)


def test_a_bad_version_whose_rollback_cannot_be_planned_pages(rehearsed: Rehearsed) -> None:
    rehearsed.account.bad[NEW] = bad_answers
    rehearsed.broken = {"auto_rollback"}
    done = rehearsed.release()
    assert done.error == "Failed"
    assert "auto_rollback is broken" in done.told[0]


def test_an_unlock_that_fails_does_not_change_the_outcome(rehearsed: Rehearsed) -> None:
    rehearsed.broken = {"record unlock"}
    assert rehearsed.release().visited[-1] == "Released"


def test_every_task_retries_what_passes_and_catches_everything(definition: dict[str, Any]) -> None:
    tasks = {name: state for name, state in definition["States"].items() if state["Type"] == "Task"}
    for name, state in tasks.items():
        assert state["Catch"][0]["ErrorEquals"] == ["States.ALL"], name
    retried = [name for name, state in tasks.items() if state.get("Retry")]
    assert sorted(retried) == sorted(set(tasks) - {"Notify"})


def test_the_machine_writes_the_keys_that_its_functions_know() -> None:
    states = synthesized_definition()["States"].values()
    called = [state for state in states if "state.$" in state.get("Parameters", {})]
    results = {state["ResultPath"].removeprefix("$.") for state in called}
    failures = {caught["ResultPath"].removeprefix("$.") for state in states for caught in state.get("Catch", [])}
    assert (results, failures) == (set(get_args(ResultKey)), set(get_args(FailureKey)))
    assert results | failures <= set(MachineState.__annotations__)
