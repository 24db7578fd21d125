"""From a task definition to running containers: pull, copy, resolve secrets, start."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from local_aws.clock import Clock
from local_aws.ecr.images import Image, PullError, pull
from local_aws.ecs.tasks.containers import Container, HealthCheck, HealthMonitor, LogForwarder, Plan, StartError
from local_aws.host import workplace
from local_aws.ministack_parts import embedding
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import ecs


class TaskStartError(RuntimeError):
    """A task could not be started; the text is what ECS gives as stoppedReason."""


class TaskContainer:
    """A container definition brought to life, with its entry in the task's record."""

    def __init__(self, definition: Record, entry: Record, task: Record, address: str, clock: Clock) -> None:
        self.definition, self.entry = definition, entry
        self.essential = bool(definition.get("essential", True))
        image = _pulled(definition["image"])
        entry["imageDigest"] = image.digest
        self.process = _started(_plan(definition, image, task, address))
        task_id = task["taskArn"].rsplit("/", 1)[-1]
        self.logs = LogForwarder(self.process.output, definition, task_id)
        check = HealthCheck.of(definition)
        self.monitor = HealthMonitor(check, self.process, clock) if check else None
        entry.update(lastStatus="RUNNING", runtimeId=f"{task_id}-{self.process.output.pid}")

    @property
    def ended(self) -> bool:
        return self.process.exit_code is not None

    def look(self) -> None:
        """Write the container's status and health into the task's record."""
        if self.ended:
            self.entry.update(lastStatus="STOPPED", exitCode=self.process.exit_code)
        elif self.monitor:
            self.entry["healthStatus"] = self.monitor.look()


def _pulled(reference: str) -> Image:
    try:
        return pull(reference)
    except PullError as error:
        raise TaskStartError(f"CannotPullContainerError: {error}") from error


def _started(plan: Plan) -> Container:
    try:
        return Container(plan)
    except (StartError, OSError) as error:
        raise TaskStartError(f"CannotStartContainerError: {error}") from error


def _plan(definition: Record, image: Image, task: Record, address: str) -> Plan:
    root = workplace.current().tasks / task["taskArn"].rsplit("/", 1)[-1] / definition["name"]
    shutil.copytree(image.root, root, symlinks=True)
    folder = root / (definition.get("workingDirectory") or str(image.working_directory)).lstrip("/")
    folder.mkdir(parents=True, exist_ok=True)
    _mount_volumes(definition, root)
    override = _override(task, definition["name"])
    entry_point = definition.get("entryPoint") or image.config.get("Entrypoint") or []
    command = override.get("command") or definition.get("command") or image.config.get("Cmd") or []
    return Plan(
        name=definition["name"],
        command=[*entry_point, *command],
        root=root,
        folder=folder,
        environment=_environment(definition, image, task, address),
    )


def _mount_volumes(definition: Record, root: Path) -> None:
    """Make the folders of a task's volumes, which begin empty."""
    for mount in definition.get("mountPoints") or []:
        (root / mount["containerPath"].lstrip("/")).mkdir(parents=True, exist_ok=True)


def _environment(definition: Record, image: Image, task: Record, address: str) -> dict[str, str]:
    own = {
        **image.environment,
        **_pairs(definition.get("environment")),
        **_secrets(definition),
        **_pairs(_override(task, definition["name"]).get("environment")),
    }
    added = {**_aws(), **task["_environment"], "BIND_ADDRESS": address}
    paths = [named["PYTHONPATH"] for named in (own, added) if "PYTHONPATH" in named]
    return own | added | ({"PYTHONPATH": ":".join(paths)} if paths else {})


def _aws() -> Mapping[str, str]:
    """Return where this AWS is; task roles are not imitated, the credentials are the account's."""
    return {
        "AWS_ENDPOINT_URL": embedding.endpoint(),
        "AWS_REGION": embedding.REGION,
        "AWS_DEFAULT_REGION": embedding.REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def _secrets(definition: Record) -> dict[str, str]:
    try:
        resolved: dict[str, str] = ecs.resolve_secrets(definition)
    except ecs.SecretResolutionError as error:
        raise TaskStartError(
            "ResourceInitializationError: unable to pull secrets or registry auth: "
            f"execution resource retrieval failed: {error}"
        ) from error
    return resolved


def _pairs(listed: list[Record] | None) -> dict[str, str]:
    return {pair["name"]: str(pair["value"]) for pair in listed or []}


def _override(task: Record, name: str) -> Record:
    overrides: list[Record] = task["overrides"].get("containerOverrides") or []
    return next((override for override in overrides if override.get("name") == name), {})
