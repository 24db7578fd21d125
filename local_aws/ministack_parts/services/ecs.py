"""ministack's ECS: its records of clusters, task definitions, services and tasks; nothing of it runs a task here."""

from collections.abc import Callable, MutableMapping
from typing import Any

from ministack.services import ecs as stock

from local_aws.ministack_parts.answers import Record, Response
from local_aws.ministack_parts.forms import Store

clusters: Store = stock._clusters  # by name
services: Store = stock._services  # by `cluster/service`
tasks: Store = stock._tasks  # by ARN
task_definitions: Store = stock._task_defs  # by `family:revision`
tags: MutableMapping[str, list[Record]] = stock._tags  # by ARN

# From a name or an ARN, as requests have them.
cluster_name: Callable[[str], str] = stock._resolve_cluster_name
find_task: Callable[[str, str], Record | None] = stock._resolve_task
task_definition_key: Callable[[str], str] = stock._resolve_td_key

without_internals: Callable[[Any], Any] = stock._sanitize  # leaves out None and keys that begin with "_"
failed_tasks_threshold: Callable[[Record], int] = stock._circuit_breaker_threshold
resolve_secrets: Callable[[Record], dict[str, str]] = stock._resolve_container_secrets
SecretResolutionError: type[Exception] = stock._SecretResolutionError

# Where the awslogs driver of a container definition writes.
log_target: Callable[[Record, str, str], Record | None] = stock._awslogs_config
ensure_log_stream: Callable[[Record], bool] = stock._ensure_awslogs_stream

# CloudFormation calls these past the table of actions.
CALLED_BY_NAME = {
    "CreateService": "_create_service",
    "UpdateService": "_update_service",
    "DeleteService": "_delete_service",
    "RunTask": "_run_task",
    "StopTask": "_stop_task",
}


def replace_action(name: str, function: Callable[[Record], Response]) -> None:
    """Let `function` answer an action of the API, also where CloudFormation calls it."""
    stock._ACTION_MAP[name] = function
    if name in CALLED_BY_NAME:
        setattr(stock, CALLED_BY_NAME[name], function)
