"""RunTask and StopTask over real processes.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from local_aws.clock import Clock
from local_aws.ecs.tasks import tasks
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record, RefusedError, answered
from local_aws.ministack_parts.resource_handlers import camel_case
from local_aws.ministack_parts.services import cloudformation, ecs


def install(clock: Clock) -> None:
    """Replace both actions, and keep all of a template's container definition."""

    ecs.replace_action("RunTask", answered(lambda request: _run_task(request, clock)))
    ecs.replace_action("StopTask", answered(_stop_task))
    cloudformation.container_definitions.replace(camel_case)


def close() -> None:
    """Kill every task process, and wait until all of them are gone."""
    stopping = tasks.stop_all()
    workplace.current().close()
    for task in stopping:
        task.join(timeout=5)


def _run_task(request: Record, clock: Clock) -> Record:
    cluster = tasks.cluster(request.get("cluster"))
    definition = tasks.active_definition(request.get("taskDefinition", ""))
    started = [
        tasks.launch(request, cluster=cluster, definition=definition, clock=clock)
        for _ in range(int(request.get("count") or 1))
    ]
    return {"tasks": [ecs.without_internals(task.record) for task in started], "failures": []}


def _stop_task(request: Record) -> Record:
    record = ecs.find_task(request.get("task", ""), tasks.cluster(request.get("cluster"))["clusterName"])
    if not record:
        raise RefusedError("InvalidParameterException", "The referenced task was not found.")
    if (task := tasks.find(record["taskArn"])) is not None:
        task.stop(request.get("reason") or "Task stopped by user", "UserInitiated")
    return {"task": ecs.without_internals(record)}
