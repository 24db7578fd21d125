"""Which services start new tasks, in which order, and how long that takes."""

from typing import Any

import pytest

from release.review.changes import Change, Impact, PropertyChange, Risk, StackChange
from release.review.restarts import Restart, declared_wait, restarts_of
from tests.unit.review.conftest import Reviewed
from tests.unit.review.templates import service, task


def test_a_larger_task_restarts_its_service_and_is_no_risk_where_tasks_overlap(reviewed: Reviewed) -> None:
    found = reviewed("task size")
    (restart,) = found.restarts
    assert (restart.component, restart.service) == ("backend", "exchange-backend-web")
    assert restart.why == "its task definition changes: Cpu, Memory"
    assert found.risk is Risk.NONE


def test_services_restart_in_the_order_of_the_chain_after_what_they_stand_on(reviewed: Reviewed) -> None:
    names = [one.service for one in reviewed("three services").restarts]
    assert names == ["exchange-kafka", "exchange-backend-web", "exchange-engine-app"]


def test_f23_a_service_that_must_never_run_twice_stands_still_and_needs_a_look(reviewed: Reviewed) -> None:
    found = reviewed("three services")
    still = [one.subject for one in found.findings if one.topic == "restarts"]
    assert still == ["exchange-data/Kafka", "exchange-engine/App"]


def test_more_tasks_restart_nothing(reviewed: Reviewed) -> None:
    assert not reviewed("more tasks").restarts


def test_bake_times_and_the_stopping_of_a_single_task_are_declared_minutes(reviewed: Reviewed) -> None:
    assert reviewed("task size").minutes.declared == 3
    assert reviewed("three services").minutes.declared == 3 + 2 + 2


def _restart(stops_first: bool = False, **deployment: Any) -> Restart:
    made = service("Task", name="s", **deployment)
    return Restart("backend", "s", "backend/s", "why", stops_first, made, task(stop=90))


def test_every_step_of_a_shift_is_waited_for() -> None:
    canary = _restart(BakeTimeInMinutes=3, CanaryConfiguration={"CanaryBakeTimeInMinutes": 10})
    linear = _restart(BakeTimeInMinutes=1, LinearConfiguration={"StepPercent": 25, "StepBakeTimeInMinutes": 2})
    assert (declared_wait(canary), declared_wait(linear)) == (13, 1 + 3 * 2)
    assert declared_wait(_restart(stops_first=True)) == 1.5


def _service_changes(impact: Impact, *names: str) -> StackChange:
    template = {"Resources": {"Task": task(), "Web": service("Task", name="web")}}
    properties = tuple(PropertyChange(name, Impact.UPDATE) for name in names)
    change = Change("backend", "Web", "AWS::ECS::Service", impact, False, properties, (), None, None)
    return StackChange("backend", template, template, (change,))


@pytest.mark.parametrize(
    ("impact", "names", "why"),
    [
        (Impact.UPDATE, ("NetworkConfiguration", "Tags"), "the service's NetworkConfiguration changes"),
        (Impact.REPLACE, ("ServiceName",), "the service itself is replaced"),
        (Impact.UPDATE, ("DeploymentConfiguration", "PropagateTags"), None),
    ],
)
def test_only_what_makes_ecs_deploy_anew_restarts_a_service(
    impact: Impact, names: tuple[str, ...], why: str | None
) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"""
    found = restarts_of([_service_changes(impact, *names)], {})
    assert [one.why for one in found] == ([why] if why else [])
