"""Releases while ECS bakes: the former tasks are kept, so that a bad version is undone by a flip of traffic."""

from typing import Any

from release_engine.gate import Answer
from release_engine.ledger import Outcome
from tests.infra.release_walks import SimulatedMachine, bad_answers
from tests.unit.aws.answers import NEW, OLD


def test_where_ecs_bakes_the_gate_judges_meanwhile(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["bake"]
    done = machine.release()
    assert done.error is None
    states = [name for name in done.visited if name in ("PollStack", "Bake", "VerifyRunning", "RecordSuccess")]
    first = states.index("Bake")
    assert states[first : first + 3] == ["Bake"] * 3
    assert states[first + 3] == "PollStack"
    assert states[-2:] == ["VerifyRunning", "RecordSuccess"]
    assert machine.outcome() is Outcome.RELEASED


def test_a_version_found_bad_while_ecs_bakes_has_its_traffic_flipped_back(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["bake"]
    machine.account.bad[NEW] = bad_answers
    done = machine.release()
    assert (done.error, machine.account.stopped) == ("RolledBack", ["exchange-client-web"])
    assert "web errors 20.0% > limit 1.0% (20 samples)" in str(done.cause)
    assert "already restored" in str(done.cause)
    assert "RollBackCreateChangeSet" not in done.visited
    assert machine.account.digest == OLD


def test_f35_a_gate_that_dies_while_ecs_bakes_lets_nothing_through(machine: SimulatedMachine) -> None:
    machine.account.outcome, machine.broken = ["bake"], {"health_gate"}
    done = machine.release()
    assert (done.error, machine.account.stopped) == ("RolledBack", ["exchange-client-web"])
    assert "health_gate is broken" in str(done.cause)
    assert machine.account.digest == OLD


def test_f35_a_deployment_that_cannot_be_stopped_has_its_update_cancelled(machine: SimulatedMachine) -> None:
    machine.account.outcome, machine.broken = ["bake"], {"deploy stop"}
    machine.account.bad[NEW] = bad_answers
    done = machine.release()
    assert done.error == "RolledBack"
    assert "CancelUpdate" in done.visited
    assert machine.account.digest == OLD


def test_a_deployment_that_was_over_before_it_was_stopped_is_undone_by_another(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["bake"]
    machine.account.bad[NEW] = bad_answers
    machine.account.too_late = True
    done = machine.release()
    assert done.error == "RolledBack"
    assert "RollBackExecuteChangeSet" in done.visited
    assert machine.account.digest == OLD


def test_doubt_that_outlasts_the_bake_of_ecs_is_undone_by_a_deployment(machine: SimulatedMachine) -> None:
    machine.account.outcome = ["bake"]
    machine.account.bad[NEW] = lambda question, _: Answer(question.host, None, trouble="refused")
    ask, rounds = machine.context.ask, []

    def until_the_bake_is_over(questions: Any, seconds: float) -> list[Answer]:
        rounds.append(len(questions))
        if len(rounds) == 6:
            machine.account.bakes_for = 1
            machine.account.clients["cloudformation"].describe_stacks("exchange-test-client")
            machine.account.outcome = ["succeed"]
        return ask(questions, seconds)

    machine.context.ask = until_the_bake_is_over
    done = machine.release()
    assert done.error == "RolledBack"
    assert machine.account.stopped == []
    assert "StopDeployment" in done.visited
    assert "RollBackExecuteChangeSet" in done.visited
    assert machine.account.digest == OLD
