"""A service revision and the rollout that brings it to life: what ECS calls a service deployment.

Shapes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html,
API_ServiceRevision.html and API_Deployment.html.
"""

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Protocol

from local_aws.ecs.services.deployment_alarms import AlarmWatch
from local_aws.ecs.tasks.tasks import Target, Task
from local_aws.ministack_parts.answers import Record

Launch = Callable[["Rollout"], Task]

SETTLED_AFTER = 0.6
PAUSE_AFTER_FAILURE = 0.3
TARGET_GRACE = 6.0


class RolloutError(Exception):
    """A rollout can't go on; the text becomes the reason that ECS and CloudFormation report."""

    cause = "ECS deployment"

    def rolls_back(self, rollout: "Rollout") -> bool:
        """Say whether the rollout goes back: a rolling one if its breaker says so, one that shifts traffic always."""
        return rollout.configuration["strategy"] != "ROLLING" or bool(rollout.breaker.get("rollback"))


class BreakerError(RolloutError):
    """Too many tasks failed."""

    cause = "ECS deployment circuit breaker"


class AlarmError(RolloutError):
    """An alarm of the deployment went off; the rollout goes back if its alarms are configured to roll back."""

    cause = "ECS deployment alarms"

    def rolls_back(self, rollout: "Rollout") -> bool:
        return rollout.alarms.rolls_back


class HookError(RolloutError):
    """A lifecycle hook did not let the rollout go on."""

    def rolls_back(self, rollout: "Rollout") -> bool:  # noqa: ARG002  (whatever the configuration says)
        return True


class StopRequestedError(RolloutError):
    """A user asked for the way back, which needs no configuration (stop-service-deployment.html)."""

    def rolls_back(self, rollout: "Rollout") -> bool:  # noqa: ARG002  (whatever the configuration says)
        return True


class SupersededError(RolloutError):
    """A newer rollout of the same service takes over, and with it whatever this one has begun."""

    def rolls_back(self, rollout: "Rollout") -> bool:  # noqa: ARG002  (whatever the configuration says)
        return False


@dataclass(frozen=True)
class Revision:
    """What a service runs: a task definition and the settings that every task of it shares."""

    arn: str
    number: int
    definition: Record
    settings: Record
    created_at: float = field(default_factory=time)


class RunOfHook(Protocol):
    """A run of a lifecycle hook, as the rollout that it belongs to shows it and as a user may answer it."""

    id: str
    status: str

    @property
    def open(self) -> bool: ...

    def move(self, status: str) -> None: ...

    def view(self) -> Record: ...


class Rollout:
    """The deployment of one revision: its tasks, its status, and the traffic that they get."""

    def __init__(self, revision: Revision, *, arn: str, configuration: Record) -> None:
        self.revision, self.arn, self.configuration = revision, arn, configuration
        self.source: Rollout | None = None
        self.targets: tuple[Target, ...] = ()
        self.id = f"ecs-svc/{random.randint(10**18, 10**19 - 1)}"
        self.status, self.reason, self.stage = "PENDING", "", ""
        self.state, self.state_reason = "IN_PROGRESS", f"ECS deployment {self.id} in progress."
        self.created_at = self.updated_at = time()
        self.started_at: float | None = None
        self.finished_at: float | None = None
        self.rollback: Record | None = None
        self.alarms = AlarmWatch({})
        self.hooks: list[RunOfHook] = []
        self.hook_details: dict[int, Record] = {}
        self.broken = False
        self.production_weight = self.test_weight = 0.0
        self.desired = 0
        self.failed_tasks = self.failures_in_all = 0
        self.tasks: list[Task] = []
        self.last_failure = ""
        self.settled = threading.Event()
        self._proven: set[str] = set()
        self._not_before = 0.0

    @property
    def breaker(self) -> Record:
        """Return the deployment circuit breaker as configured."""
        return self.configuration.get("deploymentCircuitBreaker") or {}

    @property
    def sides(self) -> "list[Rollout]":
        """Return this revision and the one that it replaces, if there is one."""
        return [self, *([self.source] if self.source else [])]

    @property
    def wanted(self) -> list[Task]:
        """Return the tasks that nobody has asked to end."""
        return [task for task in self.tasks if task.wanted]

    @property
    def healthy(self) -> list[Task]:
        """Return the tasks that can serve: running, and every check that they have is passed."""
        return [task for task in self.wanted if self._is_healthy(task)]

    def look(self) -> None:
        """Register what runs, drop what has ended, count what failed."""
        reset_on_healthy = self.breaker.get("resetOnHealthyTask", True)
        for task in list(self.tasks):
            if task.stopped:
                self._drop(task)
            elif task.running:
                self._look_at(task)
        for task in self.healthy:
            if task.arn not in self._proven:
                self._proven.add(task.arn)
                self.failed_tasks = 0 if reset_on_healthy else self.failed_tasks

    def start(self, count: int, launch: Launch) -> None:
        """Start tasks, after a pause when the last one failed."""
        if count > 0 and monotonic() >= self._not_before:
            self.tasks.extend(launch(self) for _ in range(count))

    def stop(self, count: int, reason: str) -> None:
        """Stop tasks, beginning with those that do not serve or have started last."""
        healthy = {task.arn for task in self.healthy}
        for task in sorted(self.wanted, key=lambda task: (task.arn in healthy, task.uptime))[: max(count, 0)]:
            task.stop(reason)

    def end(self, reason: str) -> Iterator[None]:
        """Stop every task, and yield until the last one has ended."""
        self.desired = 0
        while self.tasks:
            self.stop(len(self.wanted), reason)
            yield

    def keep(self, count: int, launch: Launch) -> None:
        """Hold the number of tasks at `count`."""
        self.desired = count
        missing = count - len(self.wanted)
        self.start(missing, launch)
        self.stop(-missing, "Scaling activity initiated by deployment " + self.id)

    def begin(self, source: "Rollout | None", targets: tuple[Target, ...]) -> None:
        """Take the rollout's turn: traffic comes from `source`, tasks register at `targets`."""
        self.source, self.targets = source, targets
        self.alarms = AlarmWatch(self.configuration)
        self.move("IN_PROGRESS")
        self.started_at = self.updated_at

    def move(self, status: str, reason: str = "", *, state: str | None = None) -> None:
        """Set the status of the service deployment and, with `state`, the rollout state of the deployment."""
        self.status, self.reason, self.updated_at = status, reason, time()
        if state is not None:
            self.show(state, reason)

    def show(self, state: str, reason: str) -> None:
        """Set the rollout state that DescribeServices lists; the service deployment's status stays as it is."""
        self.state, self.state_reason = state, reason

    def finish(self, status: str, reason: str, *, state: str) -> None:
        """End the rollout, one way or the other."""
        self.move(status, reason, state=state)
        self.finished_at = self.updated_at
        self.settled.set()

    def _look_at(self, task: Task) -> None:
        for target in self.targets:
            task.register(target)
        grace = float(self.revision.settings.get("_grace") or 0)
        if task.uptime > max(grace, TARGET_GRACE) and "unhealthy" in task.target_states():
            task.stop(f"Task failed ELB health checks in (target-group {task.targets[0].group})", failed=True)

    def _drop(self, task: Task) -> None:
        self.tasks.remove(task)
        if not task.failed:
            return
        self.failed_tasks += 1
        self.failures_in_all += 1
        self.last_failure = str(task.record["stoppedReason"])
        self._not_before = monotonic() + PAUSE_AFTER_FAILURE

    def _is_healthy(self, task: Task) -> bool:
        if not task.running:
            return False
        if task.checked and task.record["healthStatus"] != "HEALTHY":
            return False
        if self.targets:
            states = task.target_states()
            return len(states) == len(self.targets) and set(states) == {"healthy"}
        return task.checked or task.uptime >= SETTLED_AFTER
