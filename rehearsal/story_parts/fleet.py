"""A web service's fleet as an operator changes it by hand: more tasks, and one that no deployment knows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rehearsal.stage import Stage
from rehearsal.waiting import wait_until


class Fleet:
    """Of one web service, with its two target groups."""

    def __init__(self, stage: Stage, service: str) -> None:
        self._ecs, self._elbv2 = stage.client("ecs"), stage.client("elbv2")
        self._cluster, self._service = stage.cluster, service
        balancer = self._described["loadBalancers"][0]
        self._port = int(balancer["containerPort"])
        self._rule: str = balancer["advancedConfiguration"]["productionListenerRule"]
        self._groups = (balancer["targetGroupArn"], balancer["advancedConfiguration"]["alternateTargetGroupArn"])

    @contextmanager
    def of(self, count: int) -> Iterator[None]:
        """So many tasks, all in service; as many as before when the block is left."""
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
        """The ARN of a task of its own, by RunTask, registered in both target groups: either of them may serve."""
        network = {"networkConfiguration": self._described["networkConfiguration"], "launchType": "FARGATE"}
        started = self._ecs.run_task(cluster=self._cluster, taskDefinition=definition, **network)
        arn: str = started["tasks"][0]["taskArn"]
        wait_until(lambda: self._task(arn)["lastStatus"] == "RUNNING", "the task that was started by hand runs")
        for group in self._groups:
            self._elbv2.register_targets(TargetGroupArn=group, Targets=self._targets(arn))
        return arn

    def end_by_hand(self, arn: str) -> None:
        """As the runbook says: out of the target groups, then stopped."""
        for group in self._groups:
            self._elbv2.deregister_targets(TargetGroupArn=group, Targets=self._targets(arn))
        self._ecs.stop_task(cluster=self._cluster, task=arn, reason="nobody needs it any more")
        wait_until(lambda: self._task(arn)["lastStatus"] == "STOPPED", "the task that was started by hand ends")

    @property
    def serving(self) -> int:
        """How many healthy targets users reach."""
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
        found = self._ecs.describe_services(cluster=self._cluster, services=[self._service])["services"]
        service: Mapping[str, Any] = found[0]
        return service

    def _targets(self, arn: str) -> list[dict[str, Any]]:
        return [{"Id": _address(self._task(arn)), "Port": self._port}]

    def _task(self, arn: str) -> Mapping[str, Any]:
        task: Mapping[str, Any] = self._ecs.describe_tasks(cluster=self._cluster, tasks=[arn])["tasks"][0]
        return task


def _address(task: Mapping[str, Any]) -> str:
    details = (detail for attachment in task["attachments"] for detail in attachment["details"])
    return str(next(detail["value"] for detail in details if detail["name"] == "privateIPv4Address"))
