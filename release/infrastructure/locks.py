"""Holds the locks of all components while stacks change: infrastructure and releases are never at once.

CloudFormation would set anew what ECS sets while it shifts traffic.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release.display import Display
from release.infrastructure.differences import NotDeployableError
from release.processes import undisturbed
from release.refusals import DENIED, explain
from release_aws.clients import AWS_ERRORS, error_code
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines, execution_arn
from release_engine.ledger import LockHeldError, OvertakenError

# A command that was killed gives nothing back: for so long CloudFormation is left alone with what it has begun.
LEASE_SECONDS = 30 * 60


@dataclass(frozen=True)
class Locks:
    """Takes and renews the locks of all components.

    `machine_arns` is in the order of the chain, in which everybody takes the locks.
    """

    ledger: Ledger
    machines: Machines
    machine_arns: Mapping[str, str]
    now: Callable[[], float]
    display: Display

    @contextmanager
    def held(self, holder: str) -> Iterator[Callable[[], None]]:
        """Hold all locks or none, and give what renews them, to be called often; they are given back in any case."""
        tried: list[str] = []
        try:
            for component in self.machine_arns:
                tried.append(component)
                self._take(component, holder)
            yield _Renewal(self, holder)
        finally:
            with undisturbed():
                for component in tried:
                    self._give_back(component, holder)

    def _take(self, component: str, holder: str) -> None:
        """Acquire the component's lock.

        A lock whose Step Functions execution has ended is abandoned, and is taken over, as the machines do too.
        """
        now = self.now()
        try:
            self.ledger.acquire(component, holder, now=now, lease=LEASE_SECONDS)
        except LockHeldError as busy:
            lock = busy.lock
            if lock.holder is None or lock.of_infrastructure or self._runs(component, lock.holder):
                raise NotDeployableError(f"{busy}: never at once with it; try again when that is over") from busy
            self.ledger.acquire(component, holder, now=now, lease=LEASE_SECONDS, dead=lock)
            self.ledger.abandon(component, lock.holder, now=now)

    def _runs(self, component: str, release_id: str) -> bool:
        """Tell whether the release still runs; who may not look takes it for one that does."""
        arn = self.machine_arns[component]
        try:
            return not arn or self.machines.runs(execution_arn(arn, release_id))
        except ClientError as error:
            if error_code(error) not in DENIED:
                raise
            return True

    def _give_back(self, component: str, holder: str) -> None:
        """Give one lock back; where that fails, the others are given back all the same."""
        try:
            self.ledger.give_back(component, holder)
        except AWS_ERRORS as error:
            until = f"it ends by itself within {LEASE_SECONDS // 60} minutes"
            self.display.refuse(f"the lock of {component} was not given back ({explain(error)}): {until}")


class _Renewal:
    """Renews all locks; a short silence of AWS is no reason to give up, for the lease outlasts it."""

    def __init__(self, locks: Locks, holder: str) -> None:
        self._locks, self._holder = locks, holder
        self._good_until = locks.now() + LEASE_SECONDS

    def __call__(self) -> None:
        until = self._locks.now() + LEASE_SECONDS
        try:
            for component in self._locks.machine_arns:
                self._locks.ledger.renew(component, self._holder, until=until)
        except AWS_ERRORS as error:
            if self._locks.now() + LEASE_SECONDS / 3 > self._good_until:
                raise OvertakenError(f"the locks cannot be renewed ({explain(error)})") from error
            self._locks.display.refuse(f"the locks were not renewed, which is tried again: {explain(error)}")
            return
        self._good_until = until
