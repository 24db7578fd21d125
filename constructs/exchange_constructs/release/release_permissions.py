"""What the release's functions may do, by intent, and to what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.values import arn_scope


@dataclass(frozen=True)
class ReleasePermissions:
    """Everything a release may touch. Stacks, services and machines come after the functions, so they go by name."""

    scope: Stack
    stacks: Sequence[str]
    cluster: str
    services: Sequence[str]
    machines: Sequence[str]
    repositories: Mapping[str, ecr.IRepository]
    secrets: Sequence[secretsmanager.ISecret]
    canaries: Mapping[str, str]  # the services that are compared with their former version -> their stacks

    def grant_read_stacks(self, role: iam.Role) -> None:
        """What they run, how they stand and what happened to them."""
        self._allow(role, ["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"], self._stack_arns)

    def grant_deploy(self, role: iam.Role) -> None:
        """Change sets on the components' stacks. CloudFormation acts with the role that is attached to each stack."""
        verbs = ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "CancelUpdateStack")
        self._allow(role, [f"cloudformation:{verb}" for verb in verbs], self._stack_arns)

    def grant_read_change_sets(self, role: iam.Role) -> None:
        """Which there are, not what is in them."""
        self._allow(role, ["cloudformation:ListChangeSets"], self._stack_arns)

    def grant_read_services(self, role: iam.Role) -> None:
        """How the services are set up, how their deployments stand and which revision serves.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment-permissions.html
        """
        self._allow(role, ["ecs:DescribeServices", "ecs:ListServiceDeployments"], self.service_arns)
        self._allow(role, ["ecs:DescribeServiceRevisions"], self._of_services("service-revision"))

    def grant_read_deployments(self, role: iam.Role) -> None:
        """Allow to look at single service deployments: ECS names the one that its hook is about."""
        self._allow(role, ["ecs:DescribeServiceDeployments"], self._of_services("service-deployment"))

    def grant_stop_deployments(self, role: iam.Role) -> None:
        """Sends users back to the former tasks while ECS keeps them."""
        self._allow(role, ["ecs:StopServiceDeployment"], self._of_services("service-deployment"))

    def grant_read_tasks(self, role: iam.Role) -> None:
        """What the services run, task by task."""
        here = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", self.cluster)}}
        self._allow(role, ["ecs:DescribeTasks"], [self._ecs("task", "*")], here)
        # ListTasks of Fargate tasks has no resource that could be named; the condition keeps it to the cluster
        self._allow(role, ["ecs:ListTasks"], ["*"], here)

    def grant_read_traffic(self, role: iam.Role) -> None:
        """The weights of listener rules: DescribeRules knows no narrower resource than all, and no condition.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
        """
        self._allow(role, ["elasticloadbalancing:DescribeRules"], ["*"])

    def grant_read_targets(self, role: iam.Role) -> None:
        """How the targets of target groups stand: DescribeTargetHealth knows no narrower resource than all either."""
        self._allow(role, ["elasticloadbalancing:DescribeTargetHealth"], ["*"])

    def grant_read_secrets(self, role: iam.Role) -> None:
        """Which secrets the tasks refer to and whether they are there; never a value.

        DescribeTaskDefinition knows no narrower resource than all:
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        self._allow(role, ["ecs:DescribeTaskDefinition"], ["*"])
        self._allow(role, ["secretsmanager:DescribeSecret"], [secret.secret_arn for secret in self.secrets])

    def grant_read_logs(self, role: iam.Role) -> None:
        """What the components' tasks wrote, and which log that is.

        Their log groups come later and have no name of ours: CloudFormation calls them <stack>-<logical id>-<random>.
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        """
        self._allow(role, ["ecs:DescribeTaskDefinition"], ["*"])
        why = "CloudFormation begins the name of a component's log groups with its stack's; every task has a stream"
        self._allow(role, ["logs:GetLogEvents"], [self._log_streams(stack) for stack in self.stacks], why=why)

    def grant_read_images(self, role: iam.Role) -> None:
        """Whether an image is there."""
        self._allow(role, ["ecr:BatchGetImage"], [one.repository_arn for one in self.repositories.values()])

    def grant_read_alarms(self, role: iam.Role) -> None:
        """CloudWatch lists alarms by prefix for all resources or for none."""
        self._allow(role, ["cloudwatch:DescribeAlarms"], ["*"])

    def grant_read_metrics(self, role: iam.Role) -> None:
        """What the components report of themselves. CloudWatch knows no narrower resource for metrics than all.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
        """
        self._allow(role, ["cloudwatch:GetMetricData"], ["*"])

    def grant_answer_jobs(self, role: iam.Role) -> None:
        """The jobs of CodePipeline with which it calls a function. Jobs know no narrower resource than all.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
        """
        results = ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"]
        self._allow(role, results, ["*"])

    def grant_read_executions(self, role: iam.Role) -> None:
        """Whether a release is under way, and how long it stayed where."""
        arns = [self._states("execution", f"{machine}:*") for machine in self.machines]
        self._allow(role, ["states:DescribeExecution", "states:GetExecutionHistory"], arns)

    def grant_start(self, role: iam.Role) -> None:
        """Starting a release, here always a rollback."""
        self._allow(role, ["states:StartExecution"], [self.machine_arn(machine) for machine in self.machines])

    def grant_compare(self, role: iam.Role) -> None:
        """Services that run a former version for a while, with the roles of the service that they are like.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
        """
        # cdk-nag's name for the finding can't be told while the cluster is another stack's: the condition names it
        beside = [self._ecs("service", f"*/{service}-baseline-*") for service in self.canaries]
        here = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", self.cluster)}}
        like = [self._ecs("service", f"{self.cluster}/{service}") for service in self.canaries]
        self._allow(role, ["ecs:DescribeServices"], [*like, *beside], here)
        self._allow(role, ["ecs:CreateService", "ecs:DeleteService"], beside, here)
        roles = [self._role_arns(stack) for stack in self.canaries.values()]
        why = "CloudFormation begins the names of a component's roles with its stack's; they are for its tasks alone"
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        self._allow(role, ["iam:PassRole"], roles, to_tasks, why=why)

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
        *,
        why: str = "the ids of what comes into being with each release cannot be known before",
    ) -> None:
        statement = iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
        role.add_to_policy(statement)
        reason = f"{', '.join(actions)}: {why}"
        acknowledge(role, {wildcard_finding(self.scope, arn): reason for arn in resources if "*" in arn and arn != "*"})

    @cached_property
    def _stack_arns(self) -> list[str]:
        return [arn_scope(self.scope).arn("cloudformation", f"stack/{stack}/*") for stack in self.stacks]

    def _of_services(self, resource: str) -> list[str]:
        return [self._ecs(resource, f"*/{service}/*") for service in self.services]

    def _ecs(self, resource: str, name: str) -> str:
        return arn_scope(self.scope).arn("ecs", f"{resource}/{name}")

    def _role_arns(self, stack: str) -> str:
        return arn_scope(self.scope).global_arn("iam", f"role/{stack}-*")

    def _log_streams(self, stack: str) -> str:
        return arn_scope(self.scope).arn("logs", f"log-group:{stack}-*:log-stream:*")

    def _states(self, resource: str, name: str) -> str:
        return arn_scope(self.scope).arn("states", f"{resource}:{name}")
