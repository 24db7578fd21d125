"""The permissions of the release's functions: each grant is named by its intent."""

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
    """Grants on everything that a release may touch.

    Stacks, services and machines are made after the functions, so they are given by their names.
    """

    scope: Stack
    stacks: Sequence[str]
    cluster: str
    services: Sequence[str]
    machines: Sequence[str]
    repositories: Mapping[str, ecr.IRepository]
    secrets: Sequence[secretsmanager.ISecret]
    canaries: Mapping[str, str]  # the name of a service that is compared with its former version -> its stack

    def grant_read_stacks(self, role: iam.Role) -> None:
        """Allow to read the stacks' parameters, state and events."""
        self._allow(role, ["cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"], self._stack_arns)

    def grant_deploy(self, role: iam.Role) -> None:
        """Allow change sets on the components' stacks; CloudFormation acts with the role that each stack has."""
        verbs = ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "CancelUpdateStack")
        self._allow(role, [f"cloudformation:{verb}" for verb in verbs], self._stack_arns)

    def grant_read_change_sets(self, role: iam.Role) -> None:
        """Allow to list change sets, not to read what is in them."""
        self._allow(role, ["cloudformation:ListChangeSets"], self._stack_arns)

    def grant_read_services(self, role: iam.Role) -> None:
        """Allow to read how services are set up, the state of their deployments, and which revision serves.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment-permissions.html
        """
        self._allow(role, ["ecs:DescribeServices", "ecs:ListServiceDeployments"], self.service_arns)
        self._allow(role, ["ecs:DescribeServiceRevisions"], self._of_services("service-revision"))

    def grant_read_deployments(self, role: iam.Role) -> None:
        """Allow to read single service deployments: ECS names one when it calls its hook."""
        self._allow(role, ["ecs:DescribeServiceDeployments"], self._of_services("service-deployment"))

    def grant_stop_deployments(self, role: iam.Role) -> None:
        """Allow to stop a deployment, which sends users back to the former tasks while ECS keeps them."""
        self._allow(role, ["ecs:StopServiceDeployment"], self._of_services("service-deployment"))

    def grant_read_tasks(self, role: iam.Role) -> None:
        """Allow to read what the services run, task by task."""
        in_cluster = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", self.cluster)}}
        self._allow(role, ["ecs:DescribeTasks"], [self._ecs("task", "*")], in_cluster)
        # ListTasks of Fargate tasks has no resource that could be named; the condition keeps it to the cluster
        self._allow(role, ["ecs:ListTasks"], ["*"], in_cluster)

    def grant_read_traffic(self, role: iam.Role) -> None:
        """Allow to read the weights of listener rules; AWS knows no narrower resource than all, and no condition.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
        """
        self._allow(role, ["elasticloadbalancing:DescribeRules"], ["*"])

    def grant_read_targets(self, role: iam.Role) -> None:
        """Allow to read the health of targets; AWS knows no narrower resource than all for this either."""
        self._allow(role, ["elasticloadbalancing:DescribeTargetHealth"], ["*"])

    def grant_read_secrets(self, role: iam.Role) -> None:
        """Allow to read which secrets the tasks refer to and whether these exist, but never a value.

        DescribeTaskDefinition knows no narrower resource than all:
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
        """
        self._allow(role, ["ecs:DescribeTaskDefinition"], ["*"])
        self._allow(role, ["secretsmanager:DescribeSecret"], [secret.secret_arn for secret in self.secrets])

    def grant_read_logs(self, role: iam.Role) -> None:
        """Allow to read the logs of the components' tasks, and which log group they are in.

        The log groups are made later and are named by CloudFormation: <stack>-<logical id>-<random>.
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        """
        self._allow(role, ["ecs:DescribeTaskDefinition"], ["*"])
        why = "CloudFormation begins the name of a component's log groups with its stack's; every task has a stream"
        self._allow(role, ["logs:GetLogEvents"], [self._log_streams(stack) for stack in self.stacks], why=why)

    def grant_read_images(self, role: iam.Role) -> None:
        """Allow to see whether an image exists."""
        arns = [repository.repository_arn for repository in self.repositories.values()]
        self._allow(role, ["ecr:BatchGetImage"], arns)

    def grant_read_alarms(self, role: iam.Role) -> None:
        """Allow to list alarms by prefix, which CloudWatch knows for all resources or for none."""
        self._allow(role, ["cloudwatch:DescribeAlarms"], ["*"])

    def grant_read_metrics(self, role: iam.Role) -> None:
        """Allow to read the components' metrics; CloudWatch knows no narrower resource for metrics than all.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
        """
        self._allow(role, ["cloudwatch:GetMetricData"], ["*"])

    def grant_answer_jobs(self, role: iam.Role) -> None:
        """Allow to answer the jobs by which CodePipeline calls a function; AWS knows no narrower resource than all.

        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
        """
        results = ["codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"]
        self._allow(role, results, ["*"])

    def grant_read_executions(self, role: iam.Role) -> None:
        """Allow to see whether a release is under way, and how long it stayed in which state."""
        arns = [self._states("execution", f"{machine}:*") for machine in self.machines]
        self._allow(role, ["states:DescribeExecution", "states:GetExecutionHistory"], arns)

    def grant_start(self, role: iam.Role) -> None:
        """Allow to start a release, which here is always a rollback."""
        self._allow(role, ["states:StartExecution"], [self.machine_arn(machine) for machine in self.machines])

    def grant_compare(self, role: iam.Role) -> None:
        """Allow baselines: services that run a former version for a while, with the roles of the service beside them.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html
        """
        # cdk-nag's name for the finding can't be told while the cluster is another stack's: the condition names it
        baselines = [self._ecs("service", f"*/{service}-baseline-*") for service in self.canaries]
        in_cluster = {"ArnEquals": {"ecs:cluster": self._ecs("cluster", self.cluster)}}
        services = [self._ecs("service", f"{self.cluster}/{service}") for service in self.canaries]
        self._allow(role, ["ecs:DescribeServices"], [*services, *baselines], in_cluster)
        self._allow(role, ["ecs:CreateService", "ecs:DeleteService"], baselines, in_cluster)
        roles = [self._role_arns(stack) for stack in self.canaries.values()]
        why = "CloudFormation begins the names of a component's roles with its stack's; they are for its tasks alone"
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        self._allow(role, ["iam:PassRole"], roles, to_tasks, why=why)

    @cached_property
    def service_arns(self) -> list[str]:
        """Return the ARNs of all services."""
        return [self._ecs("service", f"{self.cluster}/{service}") for service in self.services]

    def machine_arn(self, machine: str) -> str:
        """Return the ARN of a machine by its name."""
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
