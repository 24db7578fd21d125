"""ECS with the services of one component."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.unit.aws.answers import Paginated
from tests.unit.aws.digests import NEW
from tests.unit.aws.fake_cloudformation import NOW

if TYPE_CHECKING:
    from tests.unit.aws.account import Account


RULE = "arn:aws:elasticloadbalancing:us-west-2:111122223333:listener-rule/app/front/1/2/3"
BLUE, GREEN = (
    f"arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/{name}/1" for name in ("blue", "green")
)
SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:Login-AbCdEf"  # noqa: S105 - its name


class Ecs(Paginated):
    """Services whose tasks have the addresses 10.0.0.<position>; the web service is behind a load balancer, in blue."""

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.rollback: dict[str, Any] = {}
        self.deployments_known = True
        self.current = ["r1"]
        self.deployment: dict[str, Any] = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}
        self.stopped: dict[str, Any] = {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "stoppedAt": NOW,
        }
        self.logging = {"logDriver": "awslogs", "options": {"awslogs-group": "group", "awslogs-stream-prefix": "web"}}

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        tasks = self.account.running.get(services[0])
        if tasks is None:
            return {"services": []}
        primary = {"status": "PRIMARY", "rolloutState": "COMPLETED", "rolloutStateReason": "done"}
        found = {"serviceName": services[0], "status": "ACTIVE", "desiredCount": max(len(tasks), 1)}
        web = self._web() if services[0].endswith("web") else {}
        return {"services": [{**found, "deployments": [primary], "taskDefinition": f"{services[0]}:1", **web}]}

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        secrets = [
            {"name": "LOGIN", "valueFrom": f"{SECRET}:username::"},
            {"name": "LEVEL", "valueFrom": "arn:aws:ssm:us-west-2:111122223333:parameter/level"},
        ]
        main = {"name": "main", "secrets": secrets, "logConfiguration": self.logging}
        return {"taskDefinition": {"containerDefinitions": [{"name": "envoy"}, main]}}

    def list_service_deployments(
        self, cluster: str, service: str, maxResults: int = 100, status: Sequence[str] = ()
    ) -> dict[str, Any]:
        asked = self.deployments_known and (not status or self.account.rollout in status)
        return {"serviceDeployments": [{"status": self.account.rollout, "statusReason": ""}] if asked else []}

    def list_tasks(self, cluster: str, serviceName: str, desiredStatus: str) -> dict[str, Any]:
        if desiredStatus == "STOPPED":
            return {"taskArns": [f"crashed/{name}" for name in self.account.crashed if serviceName.endswith("web")]}
        return {"taskArns": [f"{serviceName}/{index}" for index in range(len(self.account.running[serviceName]))]}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [self._task(arn) for arn in tasks]}

    def describe_service_deployments(self, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        return {"serviceDeployments": [{"sourceServiceRevisions": [{"arn": "r1"}], **self.rollback}]}

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        images = [{"image": "envoy:v1"}, {"image": f"client@{NEW}", "imageDigest": "sha256:platform"}]
        resolved = {"loadBalancers": [{"targetGroupArn": BLUE, "productionListenerRule": RULE}]}
        found = {"taskDefinition": f"definition-{NEW}", "containerImages": images, "resolvedConfiguration": resolved}
        return {"serviceRevisions": [found]}

    def _web(self) -> dict[str, Any]:
        advanced = {"alternateTargetGroupArn": GREEN, "productionListenerRule": RULE}
        return {
            "loadBalancers": [{"targetGroupArn": BLUE, "advancedConfiguration": advanced}],
            "currentServiceRevisions": [{"arn": arn} for arn in self.current],
            "deploymentConfiguration": self.deployment,
        }

    def _task(self, arn: str) -> dict[str, Any]:
        service, _, index = arn.partition("/")
        crashed = service == "crashed"
        digest = NEW if crashed else self.account.running[service][int(index)]
        return {
            "taskArn": arn,
            "taskDefinitionArn": f"definition-{digest}",
            "lastStatus": "STOPPED" if crashed else "RUNNING",
            "attachments": [{"details": [{"name": "privateIPv4Address", "value": f"10.0.0.{index}"}]}],
            "containers": [
                {"name": "envoy", "image": "envoy:v1", "imageDigest": "sha256:e"},
                {"name": "main", "image": f"client@{digest}", **({"exitCode": 1} if crashed else {})},
            ],
            **(self.stopped if crashed else {}),
        }
