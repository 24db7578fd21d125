"""What docs/runbook.md tells people to type, so that a story types that and nothing else."""

import re
from collections.abc import Callable, Mapping

from rehearsal.commands import ROOT, Finished, StepFailedError
from rehearsal.stage import LONGEST_RELEASE, Stage

RUNBOOK = ROOT / "docs" / "runbook.md"
OURS = "python -m release -e E "
PATIENCE = {"Delay": 1, "MaxAttempts": 90}


def follow(stage: Stage, component: str, heading: str) -> Finished:
    """The commands of the section, one after the other; the last is ours, and how that ended is the answer."""
    *before, last = commands(heading)
    known = _typed(stage, component)
    unknown = [command for command in before if command not in known]
    if unknown or not last.startswith(OURS):
        raise StepFailedError(f"docs/runbook.md, {heading!r}: nobody here knows how to type {unknown or last}")
    for command in before:
        known[command]()
    words = [component if word == "C" else word for word in last.removeprefix(OURS).split()]
    return stage.command(*words, "--yes").wait(LONGEST_RELEASE)


def commands(heading: str) -> list[str]:
    """Those of the section's numbered steps, in their order; StepFailedError when there are none."""
    text = RUNBOOK.read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    steps = [line for line in section.splitlines() if re.match(r"\d+\. ", line)]
    found = re.findall(r"`((?:aws|python) [^`]+)`", "\n".join(steps))
    if not found:
        raise StepFailedError(f"docs/runbook.md, {heading!r}: no commands in its steps")
    return found


def _typed(stage: Stage, component: str) -> Mapping[str, Callable[[], object]]:
    """What the AWS command line would do, which need not be installed here."""
    ecs, cloudformation = stage.client("ecs"), stage.client("cloudformation")
    cluster, stack = stage.cluster, stage.settings.stack_name(component)
    names = [service.name for service in stage.settings.components[component].services.values()]
    stable, whole = ecs.get_waiter("services_stable"), cloudformation.get_waiter("stack_rollback_complete")
    return {
        "aws ecs update-service --cluster … --service … --force-new-deployment": lambda: [
            ecs.update_service(cluster=cluster, service=name, forceNewDeployment=True) for name in names
        ],
        "aws ecs wait services-stable --cluster … --services …": lambda: stable.wait(
            cluster=cluster, services=names, WaiterConfig=PATIENCE
        ),
        "aws cloudformation continue-update-rollback --stack-name exchange-E-C": lambda: (
            cloudformation.continue_update_rollback(StackName=stack)
        ),
        "aws cloudformation wait stack-rollback-complete --stack-name exchange-E-C": lambda: whole.wait(
            StackName=stack, WaiterConfig=PATIENCE
        ),
    }
