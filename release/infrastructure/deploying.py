"""Deploys named stacks from an assembly with `cdk deploy`, while the locks of all components are held.

Infrastructure and releases are never at once: CloudFormation would set anew what ECS sets while it shifts traffic.
https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from botocore.exceptions import ClientError

from release.cli_context import CliContext, find_ledger, machine_arns_of
from release.command_line import DENIED, FAILED, INTERRUPTED, environment_with_tools, explain, undisturbed
from release.progress import Display
from release.start import new_release_id
from release_aws.clients import AWS_ERRORS, error_code
from release_aws.cloudformation import Stacks
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Executions, execution_arn
from release_engine.ledger import INFRASTRUCTURE, LockHeldError, OvertakenError
from settings.loading import Settings

# What was never created, as the CLI sees it too: it makes such a stack anew.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
NEVER_CREATED = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
# A command that was killed gives nothing back: for so long CloudFormation is left alone with what it has begun.
LEASE_SECONDS = 30 * 60


class NotDeployableError(Exception):
    """Says why nothing was deployed, and what to do."""


@dataclass(frozen=True)
class Locks:
    """Takes and renews the locks of all components.

    `machine_arns` is in the order of the chain, in which everybody takes the locks.
    """

    ledger: Ledger
    executions: Executions
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
            return not arn or self.executions.runs(execution_arn(arn, release_id))
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


_LAST_WORDS = 5.0  # a cancelled job of GitHub has 7.5 s before it is killed


def deploy_locked(cli: CliContext, settings: Settings, names: Sequence[str], *, root: Path, assembly: Path) -> None:
    """Deploy the named stacks under all locks, in one call of the CDK CLI, which knows their order."""
    stacks = Stacks(cli.clients_in(settings.region)("cloudformation"))
    with _locked(cli, settings) as renew, _interrupted(cli.display, names):
        refuse_unsteady(names, stacks)
        cli.display.say(f"deploying {', '.join(names)}", "bold")
        code = cdk_deploy(root, assembly, names, renew=renew)
    if code:
        cli.display.refuse(f"not everything is deployed: cdk deploy ended with {code}; see above, and docs/runbook.md")
        raise typer.Exit(FAILED)
    cli.display.say(f"{settings.environment}: deployed {', '.join(names)}", "bold green")


def refuse_unsteady(names: Sequence[str], stacks: Stacks) -> None:
    """Raise NotDeployableError for a stack that changes now, or that could not go back: it takes no update."""
    for name in names:
        stack = stacks.describe(name)
        if stack is None or stack.status in NEVER_CREATED:
            continue
        if stack.status.endswith("_IN_PROGRESS"):
            raise NotDeployableError(f"{name} is {stack.status}: somebody else changes it; try again when that is over")
        if stack.status.endswith("_FAILED"):
            raise NotDeployableError(f"{name} is {stack.status}: it takes no update until it is mended")


@contextmanager
def _locked(cli: CliContext, settings: Settings) -> Iterator[Callable[[], None]]:
    """Hold the locks of all components, and give what renews them."""
    client_of = cli.clients_in(settings.region)
    table = find_ledger(client_of("cloudformation"), settings)
    if table is None:
        cli.display.say("no lock is taken: the ledger is not deployed yet, so nothing can be releasing")
        yield lambda: None
        return
    locks = Locks(
        ledger=Ledger(client_of("dynamodb"), table),
        executions=Executions(client_of("stepfunctions")),
        machine_arns=machine_arns_of(client_of("cloudformation"), settings),
        now=cli.now,
        display=cli.display,
    )
    with locks.held(f"{INFRASTRUCTURE}{new_release_id(cli.now())}") as renew:
        yield renew


@contextmanager
def _interrupted(display: Display, names: Sequence[str]) -> Iterator[None]:
    """Say that CloudFormation goes on where the CDK CLI is ended with us, or by a lost lock."""
    try:
        yield
    except OvertakenError as error:
        text = f"{error}: the deployment was broken off; CloudFormation goes on with what it has begun"
        raise OvertakenError(text) from error
    except (KeyboardInterrupt, SystemExit) as end:
        display.refuse(f"interrupted: CloudFormation goes on with what it has begun of {', '.join(names)}")
        if isinstance(end, KeyboardInterrupt):
            raise typer.Exit(INTERRUPTED) from end
        raise


def cdk_deploy(
    root: Path, assembly: Path, stacks: Sequence[str], *, renew: Callable[[], None], seconds: float = 60.0
) -> int:
    """Run `cdk deploy` and return its exit code; its output streams through.

    `renew` is called every `seconds` while the CLI runs, and ends it by raising.
    """
    command = ("cdk", "deploy", "--app", str(assembly), "--exclusively", *stacks, "--require-approval", "never")
    options = ("--no-notices", "--progress", "events", "--concurrency", "4")
    sys.stdout.flush()  # what was printed before comes before
    try:
        # In a session of its own: an interruption is ours to pass on, and reaches it once.
        process = subprocess.Popen(  # noqa: S603
            [*command, *options],
            cwd=root,
            env=environment_with_tools(root),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise NotDeployableError(f"the CDK CLI does not run ({error}): `make setup` installs it") from error
    try:
        return _waited(process, renew, seconds)
    finally:
        _end(process)


def _waited(process: "subprocess.Popen[bytes]", renew: Callable[[], None], seconds: float) -> int:
    while True:
        try:
            return process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            renew()


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the CLI with all that it started: nothing of it outlives the command that started it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_LAST_WORDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
