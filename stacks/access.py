"""What GitHub's workflows may do in this account: look, push images, and ask for a release. Nothing else."""

from typing import Any, cast

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.acknowledgements import acknowledge
from exchange_constructs.bootstrap_roles import lookup_role_arn
from exchange_constructs.github_roles import GithubRole, github_provider
from exchange_constructs.machine_arns import MachineArns
from exchange_constructs.place import place_of
from exchange_constructs.release_reach import finding
from stacks.release import ReleaseStack
from stacks.settings import Settings

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
_PULLING = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_PUSHING = [
    *_PULLING,
    *("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"),
    "ecr:DescribeRepositories",
]


class AccessStack(Stack):
    """Outputs the roles' ARNs, for the workflows. `github_provider_arn` adopts a provider that the account has."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Settings,
        release: ReleaseStack,
        github_provider_arn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, id_, **kwargs)
        self._settings, self._release = settings, release
        self._provider = github_provider(self, "GitHub", existing_arn=github_provider_arn)
        self.diff, self.look, self.builds, self.releases = self._diff(), self._look(), self._builds(), self._releases()
        self.add_stack_dependency(release, "its machines are named in what the role may start")
        CfnOutput(self, "DiffRoleArn", value=self.diff.role_arn)
        CfnOutput(self, "LookRoleArn", value=self.look.role_arn)
        CfnOutput(self, "BuildRoleArn", value=self.builds.role_arn)
        CfnOutput(self, "ReleaseRoleArn", value=self.releases.role_arn)

    def _diff(self) -> iam.Role:
        """For pull requests, those from forks too: it can do nothing but become the role that only looks (F30)."""
        role = GithubRole(
            self,
            "Diff",
            provider=self._provider,
            repository=self._settings.pipeline.repository,
            run="pull_request",
            description=f"cdk diff of {self._settings.environment} in pull requests; read-only",
        ).role
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[lookup_role_arn(self)]))
        _acknowledge_inline(role)
        return role

    def _look(self) -> iam.Role:
        """For `status` and the plan of a rollback, on the release branch: people see the plan, and then approve."""
        role = self._on_branch("Look", f"Looks at the releases of {self._settings.environment}; read-only")
        self._grant_looking(role)
        return role

    def _builds(self) -> iam.Role:
        """Pushes images, on the release branch. What runs is decided by a release, not by what the registry holds.

        It may pull those of the project's other environments in this account: one image goes from one to the next.
        """
        role = self._on_branch("Build", f"Pushes images for {self._settings.environment}")
        images = [self._repository_arn(name) for name in self._settings.components]
        role.add_to_policy(iam.PolicyStatement(actions=_PUSHING, resources=images))
        others = [
            place_of(self).arn("ecr", f"repository/{self._settings.project}-*-{name}")
            for name in self._settings.components
        ]
        role.add_to_policy(iam.PolicyStatement(actions=_PULLING, resources=others))
        acknowledge(role, {finding(self, arn): "the environment's name is in the place of the star" for arn in others})
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken knows no narrower resource"})
        return role

    def _on_branch(self, id_: str, description: str) -> iam.Role:
        """For jobs that name no environment: GitHub's token then tells the branch as its subject."""
        pipeline = self._settings.pipeline
        role = GithubRole(
            self,
            id_,
            provider=self._provider,
            repository=pipeline.repository,
            run=f"ref:refs/heads/{pipeline.branch}",
            description=description,
        ).role
        _acknowledge_inline(role)
        return role

    def _releases(self) -> iam.Role:
        """For `python -m release` in a job of the GitHub environment of this name, on the release branch."""
        role = GithubRole(
            self,
            "Release",
            provider=self._provider,
            repository=self._settings.pipeline.repository,
            run=f"environment:{self._settings.environment}",
            branch=self._settings.pipeline.branch,
            description=f"Releases to {self._settings.environment}",
            longest=Duration.hours(4),  # the whole chain, with its bakes
        ).role
        self._grant_releasing(role)
        self._grant_looking(role)
        _acknowledge_inline(role)
        return role

    def _grant_releasing(self, role: iam.Role) -> None:
        """The release machines, and to watch what they do."""
        for machine in self._release.machines.values():
            arns = MachineArns(self, machine)
            watching = ["states:DescribeExecution", "states:GetExecutionHistory"]
            role.add_to_policy(iam.PolicyStatement(actions=["states:StartExecution"], resources=[arns.machine]))
            role.add_to_policy(iam.PolicyStatement(actions=watching, resources=[arns.executions]))
            reason = "executions of this one machine come into being with each release"
            acknowledge(role, {finding(self, arns.executions): reason})

    def _grant_looking(self, role: iam.Role) -> None:
        """What a person's rollback is planned from, and `status` reads: stacks, the ledger, images."""
        names = [self._settings.stack_name(name) for name in ("release", *self._settings.components)]
        for name in names:
            arn = place_of(self).arn("cloudformation", f"stack/{name}/*")
            role.add_to_policy(iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[arn]))
            acknowledge(role, {finding(self, arn): "the last part of a stack's ARN is made up by CloudFormation"})
        ledger = place_of(self).arn("dynamodb", f"table/{self._ledger_name()}")
        role.add_to_policy(iam.PolicyStatement(actions=["dynamodb:GetItem", "dynamodb:Query"], resources=[ledger]))
        if key := self._release.alerts.master_key:  # the key of the ledger, too
            key.grant_decrypt(role)
        images = [self._repository_arn(name) for name in self._settings.components]
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"], resources=images))

    def _repository_arn(self, component: str) -> str:
        name = self._settings.adopt.repositories.get(component) or self._settings.stack_name(component)
        return place_of(self).arn("ecr", f"repository/{name}")

    def _ledger_name(self) -> str:
        output = cast(CfnOutput, self._release.node.find_child("LedgerTableName"))
        return str(output.value)


def _acknowledge_inline(role: iam.Role) -> None:
    acknowledge(role, {"NIST.800.53.R5-IAMNoInlinePolicy": "the policy is this one role's and lives and dies with it"})
