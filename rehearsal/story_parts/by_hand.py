"""Does what an operator does by hand: in the CloudFormation console, by the runbook, and to a web service's tasks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rehearsal.commands import ROOT, Finished, StepFailedError, wait_until
from rehearsal.stage import LONGEST_RELEASE, Stage

PARAMETER = "ImageDigest"
RUNBOOK = ROOT / "docs" / "runbook.md"
OURS = "python -m release -e E "
WAITER = {"Delay": 1, "MaxAttempts": 600}


def cancel_update(stage: Stage, component: str) -> None:
    """Cancel the update of the component's stack; in the console: Stack actions > Cancel update stack."""
    stage.client("cloudformation").cancel_update_stack(StackName=stage.settings.stack_name(component))


def set_digest(stage: Stage, component: str, digest: str) -> None:
    """Update the component's stack with another digest, and return when the update has ended, well or not.

    In the console: Update stack > Use existing template.
    """
    client, name = stage.client("cloudformation"), stage.settings.stack_name(component)
    parameters = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    kept = [key for key in (parameter["ParameterKey"] for parameter in parameters) if key != PARAMETER]
    client.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[
            *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
            {"ParameterKey": PARAMETER, "ParameterValue": digest},
        ],
        Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    wait_until(lambda: not stack_status(stage, component).endswith("_IN_PROGRESS"), f"{name} is updated")


def stack_status(stage: Stage, component: str) -> str:
    answer = stage.client("cloudformation").describe_stacks(StackName=stage.settings.stack_name(component))
    return str(answer["Stacks"][0]["StackStatus"])


def stack_reasons(stage: Stage, component: str) -> list[str]:
    """Return the reasons in the events of the stack's last update, newest first."""
    name, reasons = stage.settings.stack_name(component), list[str]()
    for event in stage.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]:
        reasons.append(event.get("ResourceStatusReason", ""))
        if (event["LogicalResourceId"], event["ResourceStatus"]) == (name, "UPDATE_IN_PROGRESS"):
            break
    return [reason for reason in reasons if reason]


def follow_runbook(stage: Stage, component: str, heading: str) -> Finished:
    """Type the commands of a section of the runbook, one after the other; return how the last, which is ours, ended.

    Raise StepFailedError if it has a command that `_typed` does not know.
    """
    *before, last = runbook_commands(heading)
    actions = _typed(stage, component)
    unknown = [command for command in before if command not in actions]
    if unknown or not last.startswith(OURS):
        raise StepFailedError(f"docs/runbook.md, {heading!r}: nobody here knows how to type {unknown or last}")
    for command in before:
        actions[command]()
    words = [component if word == "C" else word for word in last.removeprefix(OURS).split()]
    return stage.command(*words, "--yes").wait(LONGEST_RELEASE)


def runbook_commands(heading: str) -> list[str]:
    """Return the commands in a section's numbered steps, in their order; StepFailedError when there are none."""
    text = RUNBOOK.read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    steps = [line for line in section.splitlines() if re.match(r"\d+\. ", line)]
    commands: list[str] = re.findall(r"`((?:aws|python) [^`]+)`", "\n".join(steps))
    if not commands:
        raise StepFailedError(f"docs/runbook.md, {heading!r}: no commands in its steps")
    return commands


def _typed(stage: Stage, component: str) -> Mapping[str, Callable[[], object]]:
    """Return each command of the runbook that is known here, with what the AWS command line would do.

    The AWS command line itself need not be installed.
    """
    ecs, cloudformation = stage.client("ecs"), stage.client("cloudformation")
    cluster, stack = stage.cluster, stage.settings.stack_name(component)
    names = [service.name for service in stage.settings.components[component].services.values()]
    stable, whole = ecs.get_waiter("services_stable"), cloudformation.get_waiter("stack_rollback_complete")
    return {
        "aws ecs update-service --cluster … --service … --force-new-deployment": lambda: [
            ecs.update_service(cluster=cluster, service=name, forceNewDeployment=True) for name in names
        ],
        "aws ecs wait services-stable --cluster … --services …": lambda: stable.wait(
            cluster=cluster, services=names, WaiterConfig=WAITER
        ),
        "aws cloudformation continue-update-rollback --stack-name exchange-E-C": lambda: (
            cloudformation.continue_update_rollback(StackName=stack)
        ),
        "aws cloudformation wait stack-rollback-complete --stack-name exchange-E-C": lambda: whole.wait(
            StackName=stack, WaiterConfig=WAITER
        ),
    }


class Fleet:
    """The tasks of one web service, with its two target groups."""

    def __init__(self, stage: Stage, service: str) -> None:
        self._ecs, self._elbv2 = stage.client("ecs"), stage.client("elbv2")
        self._cluster, self._service = stage.cluster, service
        balancer = self._described["loadBalancers"][0]
        self._port = int(balancer["containerPort"])
        self._rule: str = balancer["advancedConfiguration"]["productionListenerRule"]
        self._groups = (balancer["targetGroupArn"], balancer["advancedConfiguration"]["alternateTargetGroupArn"])

    @contextmanager
    def of(self, count: int) -> Iterator[None]:
        """Have `count` tasks, all in service, until the block is left; then as many as before."""
        former = int(self._described["desiredCount"])
        self._scale(count)
        try:
            yield
        finally:
            self._scale(former)

    @property
    def definition(self) -> str:
        """The task definition that the service runs now."""
        return str(self._described["taskDefinition"])

    def start_by_hand(self, definition: str) -> str:
        """Start a task by RunTask and register it in both target groups, as either may serve; return its ARN."""
        network = {"networkConfiguration": self._described["networkConfiguration"], "launchType": "FARGATE"}
        started = self._ecs.run_task(cluster=self._cluster, taskDefinition=definition, **network)
        arn: str = started["tasks"][0]["taskArn"]
        wait_until(lambda: self._task(arn)["lastStatus"] == "RUNNING", "the task that was started by hand runs")
        for group in self._groups:
            self._elbv2.register_targets(TargetGroupArn=group, Targets=self._targets(arn))
        return arn

    def end_by_hand(self, arn: str) -> None:
        """Take a task out of the target groups, then stop it, as the runbook says."""
        for group in self._groups:
            self._elbv2.deregister_targets(TargetGroupArn=group, Targets=self._targets(arn))
        self._ecs.stop_task(cluster=self._cluster, task=arn, reason="nobody needs it any more")
        wait_until(lambda: self._task(arn)["lastStatus"] == "STOPPED", "the task that was started by hand ends")

    @property
    def serving(self) -> int:
        """How many healthy targets the group has that users reach."""
        action = self._elbv2.describe_rules(RuleArns=[self._rule])["Rules"][0]["Actions"][0]
        groups: Sequence[Mapping[str, Any]] = action["ForwardConfig"]["TargetGroups"]
        serving = next(group["TargetGroupArn"] for group in groups if group["Weight"])
        targets = self._elbv2.describe_target_health(TargetGroupArn=serving)["TargetHealthDescriptions"]
        return sum(target["TargetHealth"]["State"] == "healthy" for target in targets)

    def _scale(self, count: int) -> None:
        self._ecs.update_service(cluster=self._cluster, service=self._service, desiredCount=count)
        wait_until(lambda: self._described["runningCount"] == self.serving == count, f"{count} tasks serve users")

    @property
    def _described(self) -> Mapping[str, Any]:
        services = self._ecs.describe_services(cluster=self._cluster, services=[self._service])["services"]
        service: Mapping[str, Any] = services[0]
        return service

    def _targets(self, arn: str) -> list[dict[str, Any]]:
        return [{"Id": _address(self._task(arn)), "Port": self._port}]

    def _task(self, arn: str) -> Mapping[str, Any]:
        task: Mapping[str, Any] = self._ecs.describe_tasks(cluster=self._cluster, tasks=[arn])["tasks"][0]
        return task


def _address(task: Mapping[str, Any]) -> str:
    details = (detail for attachment in task["attachments"] for detail in attachment["details"])
    return str(next(detail["value"] for detail in details if detail["name"] == "privateIPv4Address"))
