"""What the release's functions may do, by intent, and to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from exchange_constructs.acknowledgements import acknowledge


@dataclass(frozen=True)
class Reach:
    """Everything a release may touch. Stacks, services and machines come after the functions, so they go by name."""

    scope: Stack
    stacks: Sequence[str]
    cluster: str
    services: Sequence[str]
    machines: Sequence[str]
    repositories: Mapping[str, ecr.IRepository]

    def grant_read_stacks(self, role: iam.Role) -> None:
        """What they run, how they stand and what happened to them."""
        self._allow(role, ["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"], self._stack_arns)

    def grant_deploy(self, role: iam.Role) -> None:
        """Change sets on the components' stacks. CloudFormation acts with the role that is attached to each stack."""
        verbs = ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "CancelUpdateStack")
        self._allow(role, [f"cloudformation:{verb}" for verb in verbs], self._stack_arns)

    def grant_read_services(self, role: iam.Role) -> None:
        """What the services run, task by task.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment-permissions.html
        """
        self._allow(role, ["ecs:DescribeServices", "ecs:ListServiceDeployments"], self.service_arns)
        for kind in ("Deployment", "Revision"):
            arns = [self._ecs(f"service-{kind.lower()}", f"*/{service}/*") for service in self.services]
            self._allow(role, [f"ecs:DescribeService{kind}s"], arns)
        here = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", self.cluster)}}
        self._allow(role, ["ecs:DescribeTasks"], [self._ecs("task", "*")], here)
        # ListTasks of Fargate tasks has no resource that could be named; the condition keeps it to the cluster
        self._allow(role, ["ecs:ListTasks"], ["*"], here)

    def grant_read_images(self, role: iam.Role) -> None:
        """Whether an image is there."""
        self._allow(role, ["ecr:BatchGetImage"], [one.repository_arn for one in self.repositories.values()])

    def grant_read_alarms(self, role: iam.Role) -> None:
        """CloudWatch lists alarms by prefix for all resources or for none."""
        self._allow(role, ["cloudwatch:DescribeAlarms"], ["*"])

    def grant_read_executions(self, role: iam.Role) -> None:
        """Whether a release is under way, and how long it stayed where."""
        arns = [self._states("execution", f"{machine}:*") for machine in self.machines]
        self._allow(role, ["states:DescribeExecution", "states:GetExecutionHistory"], arns)

    def grant_start(self, role: iam.Role) -> None:
        """Starting a release, here always a rollback."""
        self._allow(role, ["states:StartExecution"], [self.machine_arn(machine) for machine in self.machines])

    @cached_property
    def service_arns(self) -> list[str]:
        """Of every service."""
        return [self._ecs("service", f"{self.cluster}/{service}") for service in self.services]

    def machine_arn(self, machine: str) -> str:
        """By its name."""
        return self._states("stateMachine", machine)

    def _allow(
        self,
        role: iam.Role,
        actions: Sequence[str],
        resources: Sequence[str],
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        statement = iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        role.add_to_principal_policy(statement)
        reason = f"{', '.join(actions)}: the ids of what comes into being with each release cannot be known before"
        acknowledge(role, {finding(self.scope, arn): reason for arn in resources if "*" in arn})

    @cached_property
    def _stack_arns(self) -> list[str]:
        return [
            self.scope.format_arn(service="cloudformation", resource="stack", resource_name=f"{stack}/*")
            for stack in self.stacks
        ]

    def _ecs(self, resource: str, name: str) -> str:
        return self.scope.format_arn(service="ecs", resource=resource, resource_name=name)

    def _states(self, resource: str, name: str) -> str:
        return self.scope.format_arn(
            service="states", resource=resource, resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )


@cache
def finding(scope: Stack, resource: str) -> str:
    """The name that cdk-nag gives to a wildcard in this resource."""
    return f"AwsSolutions-IAM5[Resource::{_flat(scope.resolve(resource))}]"


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        delimiter, parts = value["Fn::Join"]
        return str(delimiter).join(_flat(part) for part in parts)
    attribute = value.get("Fn::GetAtt")
    return f"<{'.'.join(attribute)}>" if attribute else f"<{value['Ref']}>"
