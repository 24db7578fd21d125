"""Tasks as local processes: a task is RUNNING only while its processes run.

Lifecycle: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import shutil
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import NamedTuple

from local_aws.clock import Clock
from local_aws.ecs.tasks import task_records
from local_aws.ecs.tasks.task_containers import TaskContainer, TaskStartError
from local_aws.ecs.tasks.task_records import attach_network_interface, move, new_task
from local_aws.elastic_load_balancing import load_balancer
from local_aws.host import workplace
from local_aws.ministack_parts.answers import Record, RefusedError, get_account_id, get_region, now_iso, request_scope
from local_aws.ministack_parts.services import ecs

LOOK_EVERY = 0.05
SHORTEST_STOP = 2.0
LONGEST_DRAIN = 3600.0  # the longest deregistration delay that a target group may have


class Stop(NamedTuple):
    """Why a task ends: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)."""

    reason: str
    code: str
    failed: bool = False


class Target(NamedTuple):
    """A target group at which a task registers, with the task's port."""

    group: str
    port: int


class Task:
    """A task and the thread that minds it, from its image to its exit code."""

    def __init__(self, record: Record, definition: Record, clock: Clock) -> None:
        self.record = record
        self.address = ""
        self._definition, self._clock = definition, clock
        self._containers: list[TaskContainer] = []
        self._stop: Stop | None = None
        self._targets: list[Target] = []
        self._lock = threading.Lock()
        self._running_since = 0.0
        self._scope = (get_account_id(), get_region())
        self._thread = threading.Thread(target=self._live, daemon=True, name=f"task-{self.arn[-8:]}")

    @property
    def arn(self) -> str:
        return str(self.record["taskArn"])

    @property
    def stopped(self) -> bool:
        return bool(self.record["lastStatus"] == "STOPPED")

    @property
    def wanted(self) -> bool:
        """Say whether the task has not ended and nobody has asked it to."""
        return bool(self.record["desiredStatus"] == "RUNNING")

    @property
    def running(self) -> bool:
        return self.wanted and bool(self.record["lastStatus"] == "RUNNING")

    @property
    def uptime(self) -> float:
        """Return the real seconds since the task is RUNNING."""
        return monotonic() - self._running_since if self.running else 0.0

    @property
    def checked(self) -> bool:
        """Say whether the task has a container health check."""
        return any(container.monitor for container in self._containers)

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(self._targets)

    def start(self) -> None:
        self._thread.start()

    def register(self, target: Target) -> None:
        """Let the load balancer send requests to the task, until the task stops."""
        with self._lock:
            if target in self._targets or not self.running:
                return
            load_balancer.register_targets(target.group, [(self.address, target.port)])
            self._targets.append(target)

    def target_states(self) -> list[str]:
        """Return what each target group says of the task."""
        return [load_balancer.target_state(group, self.address, port) for group, port in self.targets]

    @property
    def failed(self) -> bool:
        """Say whether the task ended by itself or because it was ill: what a circuit breaker counts."""
        return self._stop is not None and self._stop.failed

    def stop(self, reason: str, code: str = "ServiceSchedulerInitiated", *, failed: bool = False) -> None:
        """Ask the task to end (drained, then SIGTERM, then SIGKILL), and return at once."""
        with self._lock:
            if self._stop is None and not self.stopped:
                self._stop = Stop(reason, code, failed)
                self.record.update(desiredStatus="STOPPED", stoppingAt=now_iso())
                task_records.announce(self.record)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the task has ended."""
        self._thread.join(timeout)

    def _live(self) -> None:
        with request_scope(*self._scope):
            try:
                self._start_containers()
                self._mind()
            except TaskStartError as error:
                self._stop = Stop(str(error), "TaskFailedToStart", failed=True)
            finally:
                self._end()

    def _start_containers(self) -> None:
        self._move("PENDING")
        self.record["pullStartedAt"] = now_iso()
        self.address = workplace.current().addresses.take()
        attach_network_interface(self.record, self.address)
        for definition, entry in zip(self._definition["containerDefinitions"], self.record["containers"], strict=True):
            if self._stop is None:
                self._containers.append(TaskContainer(definition, entry, self.record, self.address, self._clock))
        if self._stop is None:
            self.record.update(pullStoppedAt=now_iso(), startedAt=now_iso())
            self._running_since = monotonic()
            self._move("RUNNING")

    def _mind(self) -> None:
        while self._stop is None:
            for container in self._containers:
                container.look()
            self._judge()
            sleep(LOOK_EVERY)

    def _judge(self) -> None:
        essential = [container for container in self._containers if container.essential]
        health = {c.entry["healthStatus"] for c in essential if c.monitor} or {"UNKNOWN"}
        worst = next(status for status in ("UNHEALTHY", "UNKNOWN", "HEALTHY") if status in health)
        self.record["healthStatus"] = worst
        if any(container.ended for container in essential) or all(c.ended for c in self._containers):
            self.stop("Essential container in task exited", "EssentialContainerExited", failed=True)
        elif worst == "UNHEALTHY":
            self.stop("Task failed container health checks", failed=True)

    def _end(self) -> None:
        self.record["desiredStatus"] = "STOPPED"
        self._drain()
        self._stop_containers()
        stop = self._stop or Stop("Task stopped", "ServiceSchedulerInitiated")
        self.record.update(stoppedReason=stop.reason, stopCode=stop.code, stoppedAt=now_iso())
        for entry in self.record["containers"]:
            entry["lastStatus"] = "STOPPED"
        if self.address:
            workplace.current().addresses.give_back(self.address)
        shutil.rmtree(workplace.current().tasks / self.arn.rsplit("/", 1)[-1], ignore_errors=True)
        self._move("STOPPED")

    def _move(self, status: str) -> None:
        move(self.record, status)
        task_records.announce(self.record)

    def _drain(self) -> None:
        """Keep new requests from the task; those under way get the target group's deregistration delay."""
        with self._lock:
            targets, self._targets = self._targets, []
        if not targets:
            return
        self._move("DEACTIVATING")
        for group, port in targets:
            load_balancer.deregister_targets(group, [(self.address, port)])
        if all(container.ended for container in self._containers):
            return
        self._wait(self._clock.real(LONGEST_DRAIN), lambda: not any(self._draining(target) for target in targets))

    def _draining(self, target: Target) -> bool:
        return bool(load_balancer.target_state(target.group, self.address, target.port) == "draining")

    def _stop_containers(self) -> None:
        self._move("STOPPING")
        for container in self._containers:
            container.process.terminate()
        patience = max((self._patience(c.definition) for c in self._containers), default=0.0)
        self._wait(patience, lambda: all(container.ended for container in self._containers))
        for container in self._containers:
            container.process.kill()
            container.look()
            container.logs.finish()
        self.record["executionStoppedAt"] = now_iso()

    def _patience(self, definition: Record) -> float:
        return max(self._clock.real(float(definition.get("stopTimeout") or 30)), SHORTEST_STOP)

    @staticmethod
    def _wait(longest: float, done: Callable[[], bool]) -> None:
        deadline = monotonic() + longest
        while not done() and monotonic() < deadline:
            sleep(LOOK_EVERY / 2)


KEPT_STOPPED = 100  # AWS lists a stopped task for at least an hour
_tasks: dict[str, Task] = {}


def launch(request: Record, *, cluster: Record, definition: Record, clock: Clock) -> Task:
    """Start a task; its record is in ministack's store at once."""
    _forget_stopped()
    task = Task(new_task(request, cluster=cluster, definition=definition), definition, clock)
    ecs.tasks[task.arn] = task.record
    _tasks[task.arn] = task
    task.start()
    return task


def find(arn: str) -> Task | None:
    """Return the live object behind a task's record; None once the task has stopped and is forgotten."""
    return _tasks.get(arn)


def _forget_stopped() -> None:
    """Drop the live objects of stopped tasks, and of their records all but the newest."""
    for arn in [arn for arn, task in list(_tasks.items()) if task.stopped]:
        _tasks.pop(arn, None)
    stopped = [arn for arn, record in list(ecs.tasks.items()) if record["lastStatus"] == "STOPPED"]
    for arn in stopped[:-KEPT_STOPPED]:
        ecs.tasks.pop(arn, None)


def stop_all() -> list[Task]:
    """Ask every task of this local AWS to end, and return those that have not ended yet."""
    alive = [task for task in list(_tasks.values()) if not task.stopped]
    for task in alive:
        task.stop("The local AWS is shut down")
    return alive


def cluster(reference: str | None) -> Record:
    """Return the record of a cluster by its name or ARN; without one the account's default cluster."""
    name = ecs.cluster_name(reference or "default")
    if name not in ecs.clusters:
        raise RefusedError("ClusterNotFoundException", "Cluster not found.")
    return ecs.clusters[name]


def active_definition(reference: str, *, also_former: bool = False) -> Record:
    """Return a registered task definition; a deregistered one only with `also_former`."""
    definition = task_definition(reference)
    if definition is None or (definition["status"] != "ACTIVE" and not also_former):
        raise RefusedError("ClientException", f"Unable to find an active task definition: {reference}")
    return definition


def task_definition(reference: str) -> Record | None:
    """Return the registered definition that a family, a family:revision or an ARN names."""
    return ecs.task_definitions.get(ecs.task_definition_key(reference))
