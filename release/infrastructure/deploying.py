"""Deploys named stacks from an assembly with `cdk deploy`, while no release can begin.

https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from release.cli_context import CliContext
from release.deployed_environment import find_ledger, machine_arns_of
from release.display import Display
from release.infrastructure.differences import NotDeployableError, refuse_unsteady
from release.infrastructure.locks import Locks
from release.processes import environment_with_tools
from release.refusals import FAILED, INTERRUPTED
from release.releasing import new_release_id
from release_aws.cloudformation import Stacks
from release_aws.ledger import Ledger
from release_aws.stepfunctions import Machines
from release_engine.ledger import INFRASTRUCTURE, OvertakenError
from settings.loading import Settings

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
        machines=Machines(client_of("stepfunctions")),
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
    root: Path, assembly: Path, stacks: Sequence[str], *, renew: Callable[[], None], every: float = 60.0
) -> int:
    """Run `cdk deploy` and return its exit code; its output streams through.

    `renew` is called while the CLI runs, and ends it by raising.
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
        return _waited(process, renew, every)
    finally:
        _end(process)


def _waited(process: "subprocess.Popen[bytes]", renew: Callable[[], None], every: float) -> int:
    while True:
        try:
            return process.wait(timeout=every)
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
