"""The locks of all components, held while stacks change: infrastructure and releases are never at once (F15)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError

from release.account import DENIED, explain
from release.display import Display
from release.infrastructure.errors import NotDeployableError
from release.termination import undisturbed
from release_aws.clients import AWS_ERRORS, error_code
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines, execution_arn
from release_engine.ledger import LockHeldError, OvertakenError

# One that was killed can give nothing back: for so long CloudFormation is left alone with what it has begun.
LEASE_SECONDS = 30 * 60


@dataclass(frozen=True)
class Locks:
    """`machines` are those of the components, in the order of the chain, in which everybody takes the locks."""

    ledger: Ledger
    executions: Machines
    machines: Mapping[str, str]
    now: Callable[[], float]
    display: Display

    @contextmanager
    def held(self, holder: str) -> Iterator[Callable[[], None]]:
        """All of them or none; what it gives is to be called often, and renews them. Given back whatever happens."""
        asked: list[str] = []
        try:
            for component in self.machines:
                asked.append(component)
                self._take(component, holder)
            yield _Renewal(self, holder)
        finally:
            with undisturbed():
                for component in asked:
                    self._give_back(component, holder)

    def _take(self, component: str, holder: str) -> None:
        """A release whose execution is over is not under way, as the machines see it too."""
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
        """Who may not look takes it for one that runs."""
        machine = self.machines[component]
        try:
            return not machine or self.executions.runs(execution_arn(machine, release_id))
        except ClientError as error:
            if error_code(error) not in DENIED:
                raise
            return True

    def _give_back(self, component: str, holder: str) -> None:
        """One that cannot be given back keeps none of the others."""
        try:
            self.ledger.give_back(component, holder)
        except AWS_ERRORS as error:
            until = f"it ends by itself within {LEASE_SECONDS // 60} minutes"
            self.display.refuse(f"the lock of {component} was not given back ({explain(error)}): {until}")


class _Renewal:
    """A short silence of AWS is no reason to give up: the lease outlasts it."""

    def __init__(self, locks: Locks, holder: str) -> None:
        self._locks, self._holder = locks, holder
        self._good_until = locks.now() + LEASE_SECONDS

    def __call__(self) -> None:
        until = self._locks.now() + LEASE_SECONDS
        try:
            for component in self._locks.machines:
                self._locks.ledger.renew(component, self._holder, until=until)
        except AWS_ERRORS as error:
            if self._locks.now() + LEASE_SECONDS / 3 > self._good_until:
                raise OvertakenError(f"the locks cannot be renewed ({explain(error)})") from error
            self._locks.display.refuse(f"the locks were not renewed, which is tried again: {explain(error)}")
            return
        self._good_until = until
