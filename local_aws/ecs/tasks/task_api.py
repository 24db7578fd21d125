"""RunTask and StopTask over real processes.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.tasks import tasks
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record, RefusedError, answered
from local_aws.ministack_parts.services import cloudformation, ecs

_VERBATIM = ("Options", "DockerLabels", "DriverOpts", "Labels", "HookDetails")


def install(clock: Clock) -> None:
    """Replaces both actions, and keeps all of a template's container definition."""

    ecs.replace_action("RunTask", answered(lambda request: _run_task(request, clock)))
    ecs.replace_action("StopTask", answered(_stop_task))
    cloudformation.container_definitions.replace(camel_case)


def close() -> None:
    """Kill every task process, and wait until all of them are gone."""
    stopping = tasks.stop_all()
    workplace.current().close()
    for task in stopping:
        task.join(timeout=5)


def camel_case(value: Any) -> Any:
    """Return a template's keys as the API's, in camelCase at every depth; maps of free keys stay as they are.

    Stock stops at the first level, which silently loses secrets and health checks.
    """
    if isinstance(value, list):
        return [camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: item if key in _VERBATIM else camel_case(item) for key, item in value.items()}


def _run_task(request: Record, clock: Clock) -> Record:
    cluster = _cluster(request)
    reference = request.get("taskDefinition", "")
    definition = tasks.task_definition(reference)
    if definition is None or definition["status"] != "ACTIVE":
        raise RefusedError("ClientException", f"Unable to find an active task definition: {reference}")
    started = [
        tasks.launch(request, cluster=cluster, definition=definition, clock=clock)
        for _ in range(int(request.get("count") or 1))
    ]
    return {"tasks": [ecs.without_internals(task.record) for task in started], "failures": []}


def _stop_task(request: Record) -> Record:
    record = ecs.find_task(request.get("task", ""), _cluster(request)["clusterName"])
    if not record:
        raise RefusedError("InvalidParameterException", "The referenced task was not found.")
    if (task := tasks.find(record["taskArn"])) is not None:
        task.stop(request.get("reason") or "Task stopped by user", "UserInitiated")
    return {"task": ecs.without_internals(record)}


def _cluster(request: Record) -> Record:
    name = ecs.cluster_name(request.get("cluster") or "default")
    if name not in ecs.clusters:
        raise RefusedError("ClusterNotFoundException", "Cluster not found.")
    return ecs.clusters[name]
