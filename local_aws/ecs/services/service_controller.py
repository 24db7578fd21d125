"""The controller of one ECS service: a thread that carries out its rollouts and keeps its tasks alive."""

import logging
import threading
from collections.abc import Iterator
from time import time
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.services import blue_green, deployment_events, rolling, service_environment, service_views, traffic
from local_aws.ecs.services.rollouts import (
    AlarmError,
    BreakerError,
    Revision,
    Rollout,
    RolloutError,
    StopRequestedError,
    SupersededError,
)
from local_aws.ecs.tasks import tasks
from local_aws.ecs.tasks.tasks import Task
from local_aws.ministack_parts.responses import get_account_id, get_region, new_uuid, now_iso, request_scope
from local_aws.ministack_parts.services import ecs

Record = dict[str, Any]
TICK = 0.05
STRATEGIES = {"ROLLING": rolling, "BLUE_GREEN": blue_green, "CANARY": blue_green, "LINEAR": blue_green}
_log = logging.getLogger("rehearsal.ecs")


class ServiceController:
    """Everything that happens to a service happens in its thread, one tick at a time, under its lock."""

    def __init__(self, record: Record, clock: Clock) -> None:
        self.record, self.clock = record, clock
        self.rollouts: list[Rollout] = []
        self.history: list[Rollout] = []
        self.kept: list[Rollout] = []
        self.completed: Rollout | None = None
        self.lock = threading.RLock()
        self.drained = threading.Event()
        self._next: Rollout | None = None
        self._active: Rollout | None = None
        self._plan: Iterator[None] | None = None
        self._interruptions: dict[str, RolloutError] = {}
        self._scope = (get_account_id(), get_region())
        self._closed = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"service-{record['serviceName']}")
        self._thread.start()

    @property
    def desired(self) -> int:
        return int(self.record["desiredCount"])

    @property
    def current(self) -> Rollout | None:
        """The newest rollout: waiting for its turn, under way, or the one that was carried out last."""
        return self._next or self._active or (self.rollouts[0] if self.rollouts else None)

    def begin(self, revision: Revision) -> Rollout:
        """Starts a rollout of this revision; one under way gives way to it."""
        with self.lock:
            configuration = {"strategy": "ROLLING"} | (self.record.get("deploymentConfiguration") or {})
            name = f"{self.record['clusterArn'].rsplit('/', 1)[-1]}/{self.record['serviceName']}"
            account, region = self._scope
            arn = f"arn:aws:ecs:{region}:{account}:service-deployment/{name}/{new_uuid().replace('-', '')[:22]}"
            rollout = Rollout(revision, arn=arn, configuration=configuration)
            self.history.append(rollout)
            if self._active is not None:
                self._overtake(self._active, rollout)
            if self._next is not None:
                self._next.finish("STOPPED", f"superseded by deployment {rollout.id}", state="FAILED")
            self._next = rollout
            self._publish()
            return rollout

    def stop(self, rollout: Rollout) -> None:
        """The way back for a rollout that waits or is under way, as a user asks for it; one that is on it stays so."""
        with self.lock:
            if rollout.status in ("PENDING", "IN_PROGRESS"):
                reason = "Service deployment rolled back because a user requested it."
                rollout.move("ROLLBACK_REQUESTED", reason)
                self._interruptions[rollout.id] = StopRequestedError(reason)

    def interrupt(self, reason: str) -> None:
        """Ends the newest rollout, if it is not over, by its own way back."""
        with self.lock:
            if (rollout := self.current) is not None:
                self._interruptions[rollout.id] = RolloutError(reason)

    def close(self) -> None:
        """Stops every task, then the controller: the service is deleted."""
        self._closed.set()

    def abandon(self) -> None:
        """Stops the controller and leaves the tasks as they are."""
        self._abandoned = True
        self._closed.set()
        self._thread.join()

    def launch(self, rollout: Rollout) -> Task:
        """Starts a task of this rollout."""
        request = {
            "group": f"service:{self.record['serviceName']}",
            "startedBy": rollout.id,
            "launchType": self.record.get("launchType"),
            "networkConfiguration": rollout.revision.settings.get("networkConfiguration"),
            "enableExecuteCommand": self.record.get("enableExecuteCommand"),
            "_environment": service_environment.of(rollout.revision.settings),
        }
        cluster = ecs.clusters[self.record["clusterArn"].rsplit("/", 1)[-1]]
        return tasks.launch(request, cluster=cluster, definition=rollout.revision.definition, clock=self.clock)

    def say(self, message: str) -> None:
        """A line among the service's events."""
        text = f"(service {self.record['serviceName']}) {message}"
        event = {"id": new_uuid(), "createdAt": now_iso(), "message": text}
        self.record["events"] = [event, *self.record["events"][:99]]

    def _overtake(self, former: Rollout, newer: Rollout) -> None:
        """Whose predecessor has begun to end is as good as over: the newer one waits for it."""
        if former.stage == "CLEAN_UP":
            return
        reason = f"superseded by deployment {newer.id}"
        if former.status == "IN_PROGRESS":
            former.move("STOP_REQUESTED", reason)
        self._interruptions.setdefault(former.id, SupersededError(reason))

    def _run(self) -> None:
        with request_scope(*self._scope):
            while not self._closed.wait(TICK):
                self._guarded_tick()
            if not self._abandoned:
                self._drain()

    def _guarded_tick(self) -> None:
        """The thread's edge: who waits for a rollout must hear of a fault in here."""
        try:
            with self.lock:
                self._tick()
        except Exception as fault:  # noqa: BLE001  (logged; the rollout reports it)
            _log.exception("service %s", self.record["serviceName"])
            if self._active is not None:
                self._active.finish("STOPPED", f"local AWS fault: {fault!r}", state="FAILED")
            self._plan = self._active = None

    def _tick(self) -> None:
        for rollout in self.rollouts:
            rollout.look()
        if self._plan is None and self._next is not None:
            self._take_up(self._next)
        if self._plan is not None:
            self._advance(self._plan)
        for rollout in self.kept:
            rollout.keep(self.desired, self.launch)
        self._publish()

    def _take_up(self, rollout: Rollout) -> None:
        self._next, self._active = None, rollout
        rollout.begin(self.completed, traffic.places(rollout.revision.settings, self.completed))
        self.rollouts = [rollout, *(other for other in self.rollouts if other.tasks)]
        self._plan = self._carry_out(rollout)
        deployment_events.announce("IN_PROGRESS", rollout, f"ECS deployment {rollout.id} in progress.")

    def _advance(self, plan: Iterator[None]) -> None:
        if next(plan, self) is self:
            self._plan = self._active = None

    def _carry_out(self, rollout: Rollout) -> Iterator[None]:
        strategy = STRATEGIES[str(rollout.configuration["strategy"])]
        work = strategy.deploy(self, rollout)
        try:
            self._check(rollout)
            while next(work, self) is not self:
                yield
                self._check(rollout)
        except RolloutError as failure:
            work.close()
            yield from self._give_up(rollout, failure)
            return
        self._complete(rollout)

    def _check(self, rollout: Rollout) -> None:
        if (interruption := self._interruptions.pop(rollout.id, None)) is not None:
            raise interruption
        if too_many := self._failures(rollout):
            rollout.broken = True
            raise BreakerError(too_many)
        if rollout.stage != "CLEAN_UP" and (firing := rollout.alarms.firing()):  # they are watched through the bake
            raise AlarmError(f"ECS deployment alarms: in ALARM during the deployment: {', '.join(firing)}.")

    def _failures(self, rollout: Rollout) -> str:
        """What the circuit breaker says of it; nothing while there are few."""
        threshold = service_views.breaker_threshold(rollout.configuration, self.desired)
        if rollout.failed_tasks < threshold:
            return ""
        return (
            f"ECS deployment circuit breaker: tasks failed to start ({rollout.failed_tasks} of {threshold} "
            f"failures; the last one: {rollout.last_failure})."
        )

    def _complete(self, rollout: Rollout) -> None:
        self.completed = rollout
        self.kept = [rollout]
        rollout.finish("SUCCESSFUL", f"ECS deployment {rollout.id} completed.", state="COMPLETED")
        self.rollouts = [rollout, *(other for other in self.rollouts if other.tasks and other is not rollout)]
        self.say("has reached a steady state.")
        deployment_events.announce("COMPLETED", rollout, rollout.reason)

    def _give_up(self, rollout: Rollout, failure: RolloutError) -> Iterator[None]:
        """Back to the last completed rollout, or stopped as it stands: then it launches no task any more."""
        reason = str(failure)
        self.say(f"deployment failed: {reason}")
        if not isinstance(failure, SupersededError) and deployment_events.tells_failures(rollout):
            deployment_events.announce("FAILED", rollout, reason)
        if failure.rolls_back(rollout):
            rollout.move("ROLLBACK_IN_PROGRESS", reason, state="FAILED")
            yield from self._undo(rollout, failure)
            return
        self.kept = [kept for kept in self.kept if kept is not rollout]
        rollout.finish("STOPPED", reason, state="FAILED")

    def _undo(self, rollout: Rollout, failure: RolloutError) -> Iterator[None]:
        former = self.completed
        if former is not None:
            self._put_first(former, rollout, failure)
        for _ in STRATEGIES[str(rollout.configuration["strategy"])].roll_back(self, rollout, former):
            yield
            if former is not None and (too_many := self._failures(former)):
                self._give_up_going_back(former, rollout, f"{failure} The rollback failed: {too_many}")
                return
        self.kept = [former] if former is not None else []
        if former is None:
            rollout.finish("ROLLBACK_FAILED", f"{failure} No rollback candidate was found.", state="FAILED")
            return
        former.show("COMPLETED", f"ECS deployment {former.id} completed.")
        rollout.finish("ROLLBACK_SUCCESSFUL", str(failure), state="FAILED")
        self.say("has reached a steady state.")
        deployment_events.announce("COMPLETED", former, former.state_reason)

    def _give_up_going_back(self, former: Rollout, failed: Rollout, reason: str) -> None:
        """A deployment that failed launches no task any more, and behind this one there is nothing to go back to.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
        """
        self.kept = []
        former.show("FAILED", reason)
        failed.finish("ROLLBACK_FAILED", reason, state="FAILED")
        self.say(f"rollback failed: {reason}")
        if deployment_events.tells_failures(failed):
            deployment_events.announce("FAILED", former, reason)

    def _put_first(self, former: Rollout, failed: Rollout, failure: RolloutError) -> None:
        failed.rollback = {"reason": str(failure), "startedAt": time(), "serviceRevisionArn": former.revision.arn}
        self.record.update({key: value for key, value in former.revision.settings.items() if not key.startswith("_")})
        self.record["taskDefinition"] = former.revision.definition["taskDefinitionArn"]
        former.failed_tasks = 0
        former.show("IN_PROGRESS", f"{failure.cause}: rolling back to deploymentId {former.id}.")
        self.rollouts = [former, *(other for other in self.rollouts if other is not former)]
        deployment_events.announce("IN_PROGRESS", former, former.state_reason)

    def _publish(self) -> None:
        self.record.update(service_views.counts(self))

    def _drain(self) -> None:
        self.kept = []
        for rollout in self.rollouts:
            rollout.stop(len(rollout.wanted), "Service deleted")
        for rollout in self.rollouts:
            for task in rollout.tasks:
                task.join()
        if (last := self.current) is not None and not last.settled.is_set():
            last.finish("STOPPED", "the service was deleted", state="FAILED")
        self.record.update(status="INACTIVE", runningCount=0, pendingCount=0, deployments=[])
        self.drained.set()
