"""ECS with the services of one component."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.unit.aws.answers import NEW, Paginated, error
from tests.unit.aws.fake_cloudformation import NOW

if TYPE_CHECKING:
    from tests.unit.aws.account import Account


RULE = "arn:aws:elasticloadbalancing:us-west-2:111122223333:listener-rule/app/front/1/2/3"
BLUE, GREEN = (
    f"arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/{name}/1" for name in ("blue", "green")
)
PLACED = {
    "launchType": "FARGATE",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-web"]}},
}
CONNECT = {
    "serviceConnectConfiguration": {
        "enabled": True,
        "namespace": "exchange",
        "services": [{"portName": "http", "clientAliases": [{"port": 3000}]}],
    }
}
STRAYS = "started-by-hand"
BESIDE = 100  # the first address of tasks that run beside the component's
SECRET = "arn:aws:secretsmanager:us-west-2:111122223333:secret:Login-AbCdEf"  # noqa: S105 - its name


class Ecs(Paginated):
    """Services whose tasks have the addresses 10.0.0.<position>; the web service is behind a load balancer, in blue.

    A service that is created runs what the account runs, at addresses from 10.0.0.100 on.
    """

    def __init__(self, account: "Account") -> None:
        self.account = account
        self.rollback: dict[str, Any] = {}
        self.users: float | None = 0.0
        self.created: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.deployments_known = True
        self.overrides: dict[str, Any] = {}
        self.current = ["r1"]
        self.deployment: dict[str, Any] = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}
        self.stopped: dict[str, Any] = {
            "stopCode": "EssentialContainerExited",
            "stoppedReason": "Essential container in task exited",
            "stoppedAt": NOW,
        }
        self.logging = {"logDriver": "awslogs", "options": {"awslogs-group": "group", "awslogs-stream-prefix": "web"}}

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        tasks = self.account.running.get(services[0], self.account.beside.get(services[0]))
        if tasks is None:
            return {"services": []}
        primary = {"status": "PRIMARY", "rolloutState": "COMPLETED", "rolloutStateReason": "done", **CONNECT}
        fleets = 2 if self.account.bakes_for else 1
        count = {
            "desiredCount": max(len(tasks) // fleets, 1),
            "runningCount": len([digest for digest in tasks if digest]),
        }
        described = {"serviceName": services[0], "status": "ACTIVE", **count, **PLACED}
        web = self._web() if services[0].endswith("web") else {}
        return {"services": [{**described, "deployments": [primary], "taskDefinition": f"{services[0]}:1", **web}]}

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
        listed = self.deployments_known and (not status or self.account.rollout in status)
        deployment = {
            "status": self.account.rollout,
            "statusReason": "",
            "serviceDeploymentArn": f"deployment/{service}",
        }
        return {"serviceDeployments": [deployment] if listed else []}

    def stop_service_deployment(self, serviceDeploymentArn: str, stopType: str) -> None:
        assert stopType == "ROLLBACK"
        if self.account.too_late:
            self.account.bakes_for = 1
            self.account.outcome = [*self.account.outcome, "succeed"]
            raise error("ConflictException")
        self.account.stopped.append(serviceDeploymentArn.partition("/")[2])
        self.account.bakes_for = 1

    def list_tasks(self, cluster: str, desiredStatus: str, serviceName: str = "", family: str = "") -> dict[str, Any]:
        if family:
            own = self.list_tasks(cluster, desiredStatus, family)["taskArns"]
            alone = range(len(self.account.strays)) if family.endswith("web") else ()
            return {"taskArns": [*own, *(f"{STRAYS}/{index}" for index in alone)]}
        if desiredStatus == "STOPPED":
            return {"taskArns": [f"crashed/{name}" for name in self.account.crashed if serviceName.endswith("web")]}
        tasks = self.account.running.get(serviceName, self.account.beside.get(serviceName, []))
        return {"taskArns": [f"{serviceName}/{index}" for index in range(len(tasks))]}

    def create_service(self, **request: Any) -> dict[str, Any]:
        self.created.append(request)
        self.account.beside[request["serviceName"]] = [self.account.digest] * request["desiredCount"]
        return {"service": {"serviceName": request["serviceName"]}}

    def delete_service(self, cluster: str, service: str, force: bool) -> dict[str, Any]:
        assert force
        if service not in self.account.beside:
            raise error("ServiceNotFoundException")
        self.deleted.append(service)
        del self.account.beside[service]
        return {"service": {"serviceName": service}}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [self._task(arn) for arn in tasks]}

    def describe_service_deployments(self, serviceDeploymentArns: list[str]) -> dict[str, Any]:
        target = {"arn": "r2", "requestedProductionTrafficWeight": self.users}
        deployment = {"sourceServiceRevisions": [{"arn": "r1"}], "targetServiceRevision": target, **self.rollback}
        if self.account.bakes_for and serviceDeploymentArns[0].endswith("web"):
            deployment["lifecycleStage"] = "BAKE_TIME"
        return {"serviceDeployments": [deployment]}

    def describe_service_revisions(self, serviceRevisionArns: list[str]) -> dict[str, Any]:
        images = [{"image": "envoy:v1"}, {"image": f"client@{NEW}", "imageDigest": "sha256:platform"}]
        resolved = {"loadBalancers": [{"targetGroupArn": BLUE, "productionListenerRule": RULE}]}
        revision = {"taskDefinition": f"definition-{NEW}", "containerImages": images, "resolvedConfiguration": resolved}
        return {"serviceRevisions": [revision]}

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
        beside = service in self.account.beside
        alone = service == STRAYS
        running = (self.account.beside if beside else self.account.running).get(service, self.account.strays)
        digest = NEW if crashed else running[int(index)]
        number = int(index) + BESIDE if beside else index
        return {
            "taskArn": arn,
            "taskDefinitionArn": f"definition-{digest}",
            "group": "family:exchange-client-web" if alone else f"service:{service}",
            "overrides": self.overrides if alone else {},
            "lastStatus": "STOPPED" if crashed else "RUNNING",
            "healthStatus": self.account.health.get(arn, "HEALTHY"),
            "attachments": [{"details": [{"name": "privateIPv4Address", "value": f"10.0.0.{number}"}]}],
            "containers": [
                {"name": "envoy", "image": "envoy:v1", "imageDigest": "sha256:e"},
                {"name": "main", "image": f"client@{digest}", **({"exitCode": 1} if crashed else {})},
            ],
            **(self.stopped if crashed else {}),
        }
