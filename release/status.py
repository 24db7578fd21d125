"""`status`, `running` and `address` look at an environment and change nothing.

`status` shows what runs, how the last release ended, who holds the lock and where that release is now.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from release.cli_context import CliContext, DeployedEnvironment, NotDeployedError, stack_outputs
from release.command_line import FAILED, Json, Targets, checked_component, parse_targets, refusing
from release.progress import ExecutionProgress
from release_aws.clients import AwsClient
from release_aws.stepfunctions import execution_arn
from release_engine.ledger import Lock, Outcome, Release, newest_first
from settings.loading import Settings

_DEPLOYING = "DEPLOYING"
_LOAD_BALANCER = "LoadBalancerName"

OneOrAll = Annotated[str | None, typer.Argument(help="One component; all of them when left out.")]


@dataclass(frozen=True)
class LockHolder:
    """Says who holds the lock.

    `state` is where the holder's execution is now, `status` how that stands. `status` is DEPLOYING where no release
    holds the lock, but an infrastructure deployment.
    """

    release_id: str
    since: str | None
    status: str
    state: str


@dataclass(frozen=True)
class ComponentStatus:
    """Says how a component stands.

    `stack` is CloudFormation's status of its stack, `digest` what the stack was last told to run, `released` the
    release that brought it, if it is known, `last` the last release of all.
    """

    component: str
    stack: str | None
    digest: str | None
    released: Release | None
    last: Release | None
    holder: LockHolder | None


def status(context: typer.Context, component: OneOrAll = None, *, as_json: Json = False) -> None:
    """Show what runs, how the last release ended, and who holds the lock."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        names = [checked_component(component, settings.chain)] if component else list(settings.chain)
        deployed = cli.deployed(settings)
        statuses = [look(deployed, name, cli.now()) for name in names]
    if as_json:
        cli.display.raw(json.dumps({each.component: as_data(each) for each in statuses}, indent=2))
        return
    for each in statuses:
        for line in lines(each):
            cli.display.say(line)


def running(context: typer.Context, targets: Targets = None) -> None:
    """Fail unless each of the named components was told to run the named digest."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        expected = parse_targets(targets or [], settings.chain)
        stacks = cli.deployed(settings).stacks
        described = {component: stacks.describe(settings.stack_name(component)) for component in expected}
    digests = {component: stack.digest if stack else None for component, stack in described.items()}
    others = [component for component, digest in expected.items() if digests[component] != digest]
    for component in others:
        runs = digests[component] or "nothing"
        cli.display.refuse(f"{component} runs {runs}, not {expected[component]}: undone, or another release came since")
    if others:
        raise typer.Exit(FAILED)
    cli.display.say(f"{settings.environment} runs {', '.join(f'{name}={digest}' for name, digest in expected.items())}")


def address(context: typer.Context) -> None:
    """Print the URL of the environment: that of its domain, or of its load balancer where it has none."""
    cli: CliContext = context.obj
    with refusing(cli.display):
        settings = cli.settings()
        cli.display.raw(_address(settings, cli.clients_in(settings.region)("cloudformation")))


def look(deployed: DeployedEnvironment, component: str, now: float) -> ComponentStatus:
    """Ask the stack, the ledger and the machine of a component."""
    history = deployed.ledger.releases(component)
    stack = deployed.stacks.describe(deployed.settings.stack_name(component))
    digest = stack.digest if stack else None
    good = (each for each in newest_first(history) if each.outcome is Outcome.RELEASED and each.digest == digest)
    lock = deployed.ledger.lock(component)
    holder = _holder(deployed, lock) if lock.held_at(now) else None
    last = next(iter(history), None)
    return ComponentStatus(component, stack.status if stack else None, digest, next(good, None), last, holder)


def _holder(deployed: DeployedEnvironment, lock: Lock) -> LockHolder:
    release_id = str(lock.holder)
    if lock.of_infrastructure:
        return LockHolder(release_id, lock.since, _DEPLOYING, "")
    execution = execution_arn(deployed.machine_arns[lock.component], release_id)
    execution_status = deployed.executions.status(execution)
    if execution_status is None:
        return LockHolder(release_id, lock.since, "UNKNOWN", "")
    progress = ExecutionProgress()
    for event in deployed.executions.events_after(execution, 0):
        progress.follow(event)
    return LockHolder(release_id, lock.since, execution_status.status, progress.state)


def lines(status: ComponentStatus) -> list[str]:
    """Return the status for people."""
    name = f"{status.component:<10}"
    below = [*_broken(status.stack), _last(status.last), *_stopped(status.last), _lock(status.holder)]
    return [f"{name}{_runs(status)}", *(f"{'':<10}{line}" for line in below)]


def _short(digest: str) -> str:
    """Return as much of a digest as people can tell apart."""
    return digest.removeprefix("sha256:")[:12]


def _runs(status: ComponentStatus) -> str:
    if status.digest is None:
        return "runs nothing: it was never released"
    runs = f"runs {_short(status.digest)} ({status.digest})"
    if status.released is None:
        return f"{runs}, which the ledger does not know as released well"
    return f"{runs}, released {status.released.finished_at} by {status.released.requested_by}"


def _broken(stack: str | None) -> list[str]:
    """Warn of a stack that could not go back: nobody knows whether it runs what it was told."""
    if stack is None or not stack.endswith("_FAILED"):
        return []
    return [f"its stack is {stack}: it may run something else, or nothing; see docs/runbook.md"]


def _last(last: Release | None) -> str:
    if last is None:
        return "no release yet"
    verdict = f", {last.verdict}" if last.verdict else ""
    reason = f": {' '.join(last.reason.split())}" if last.reason else ""
    what = f"last {last.kind.value} {last.release_id} of {_short(last.digest)} by {last.requested_by}"
    return f"{what}: {last.outcome.value}{verdict}{reason}"


def _stopped(last: Release | None) -> list[str]:
    """Say why tasks of a version that failed stopped, each reason once.

    A text in the place of the tasks says why none are known.
    """
    tasks = last.evidence.get("stopped_tasks") if last else None
    if not tasks or isinstance(tasks, str):
        return []
    reasons = Counter(f"{task['service']}: {_why_stopped(task)}" for task in tasks)
    return [f"stopped {count} of {reason}" for reason, count in reasons.items()]


def _why_stopped(task: Mapping[str, Any]) -> str:
    exits = [each for each in task["exits"] if each["exit_code"] is not None]
    codes = ", ".join(f"{each['container']} {each['exit_code']}" for each in exits)
    reason = " ".join((task["reason"] or "no reason yet").split())
    return f"{reason} (exit code of {codes})" if codes else reason


def _lock(holder: LockHolder | None) -> str:
    if holder is None:
        return "lock free"
    held = f"lock held by {holder.release_id} since {holder.since}"
    if holder.status == _DEPLOYING:
        return f"{held}: stacks are deployed, and releases wait"
    if holder.status == "RUNNING":
        return f"{held}, which is running, in {holder.state}" if holder.state else f"{held}, which is starting"
    return f"{held}; its execution is over ({holder.status}), so the next release takes the lock over"


def as_data(status: ComponentStatus) -> Mapping[str, Any]:
    """Return the status for tools; a release has the ledger's fields."""
    return {
        "stack": status.stack,
        "digest": status.digest,
        "released": asdict(status.released) if status.released else None,
        "last": asdict(status.last) if status.last else None,
        "lock": asdict(status.holder) if status.holder else None,
    }


def _address(settings: Settings, cloudformation: AwsClient) -> str:
    if settings.domain:
        return f"https://{settings.domain.name}"
    stack = settings.stack_name("platform")
    remedy = f"deploy it: cdk deploy {stack} -c environment={settings.environment}"
    outputs = stack_outputs(cloudformation, settings, stack, remedy)
    if _LOAD_BALANCER not in outputs:
        raise NotDeployedError(f"stack {stack} has no output {_LOAD_BALANCER} yet; {remedy}")
    return f"http://{outputs[_LOAD_BALANCER]}"
