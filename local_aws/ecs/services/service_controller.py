"""The controller of one ECS service: a thread that carries out its rollouts and keeps its tasks alive."""

import logging
import threading
from collections.abc import Iterator

from local_aws.clock import Clock
from local_aws.ecs.services import rollout_course, service_views, traffic
from local_aws.ecs.services.rollouts import Revision, Rollout, RolloutError, StopRequestedError, SupersededError
from local_aws.ecs.services.service_state import ServiceState
from local_aws.ministack_parts.answers import Record, get_account_id, get_region, new_uuid, request_scope

TICK = 0.05
_log = logging.getLogger("local_aws.ecs")


class ServiceController:
    """One ECS service: all that happens to it happens in the controller's thread, tick by tick, under its lock.

    `history` are all its rollouts, the oldest first.
    """

    def __init__(self, record: Record, clock: Clock) -> None:
        self.state = ServiceState(record, clock)
        self.history: list[Rollout] = []
        self.lock = threading.RLock()
        self.drained = threading.Event()
        self._next: Rollout | None = None
        self._active: Rollout | None = None
        self._course: Iterator[None] | None = None
        self._interruptions: dict[str, RolloutError] = {}
        self._scope = (get_account_id(), get_region())
        self._closed = threading.Event()
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"service-{record['serviceName']}")
        self._thread.start()

    @property
    def record(self) -> Record:
        return self.state.record

    @property
    def current(self) -> Rollout | None:
        """Return the newest rollout: waiting for its turn, under way, or the one that was carried out last."""
        return self._next or self._active or next(iter(self.state.rollouts), None)

    def begin(self, revision: Revision) -> Rollout:
        """Start a rollout of this revision; one under way gives way to it."""
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
        """Send back a rollout that waits or is under way, as a user asks for it; one on its way back stays on it."""
        with self.lock:
            if rollout.status in ("PENDING", "IN_PROGRESS"):
                reason = "Service deployment rolled back because a user requested it."
                rollout.move("ROLLBACK_REQUESTED", reason)
                self._interruptions[rollout.id] = StopRequestedError(reason)

    def interrupt(self, reason: str) -> None:
        """End the newest rollout, if it is not over, by its own way back."""
        with self.lock:
            if (rollout := self.current) is not None:
                self._interruptions[rollout.id] = RolloutError(reason)

    def close(self) -> None:
        """Stop every task, then the controller: the service is deleted."""
        self._closed.set()

    def abandon(self) -> None:
        """Stop the controller and leave the tasks as they are."""
        self._abandoned = True
        self._closed.set()
        self._thread.join()

    def _overtake(self, former: Rollout, newer: Rollout) -> None:
        """Stop the running rollout and mark it superseded, unless it cleans up already: then it is left to finish."""
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
        """Do one tick at the edge of the thread: who waits for a rollout must hear of a fault in here."""
        try:
            with self.lock:
                self._tick()
        except Exception as fault:  # noqa: BLE001  (logged; the rollout reports it)
            _log.exception("service %s", self.record["serviceName"])
            if self._active is not None:
                self._active.finish("STOPPED", f"local AWS fault: {fault!r}", state="FAILED")
            self._course = self._active = None

    def _tick(self) -> None:
        for rollout in self.state.rollouts:
            rollout.look()
        if self._course is None and self._next is not None:
            self._take_up(self._next)
        if self._course is not None and next(self._course, self) is self:
            self._course = self._active = None
        for rollout in self.state.kept:
            rollout.keep(self.state.desired, self.state.launch)
        self._publish()

    def _take_up(self, rollout: Rollout) -> None:
        self._next, self._active = None, rollout
        completed = self.state.completed
        rollout.begin(completed, traffic.places(rollout.revision.settings, completed))
        self.state.put_first(rollout)
        self._course = rollout_course.carry_out(self.state, rollout, self._interruption)
        rollout_course.announce("IN_PROGRESS", rollout, f"ECS deployment {rollout.id} in progress.")

    def _interruption(self, rollout: Rollout) -> RolloutError | None:
        return self._interruptions.pop(rollout.id, None)

    def _publish(self) -> None:
        self.record.update(service_views.counts(self.state.rollouts, self.current))

    def _drain(self) -> None:
        self.state.kept = []
        for rollout in self.state.rollouts:
            rollout.stop(len(rollout.wanted), "Service deleted")
        for rollout in self.state.rollouts:
            for task in rollout.tasks:
                task.join()
        if (last := self.current) is not None and not last.settled.is_set():
            last.finish("STOPPED", "the service was deleted", state="FAILED")
        self.record.update(status="INACTIVE", runningCount=0, pendingCount=0, deployments=[])
        self.drained.set()
