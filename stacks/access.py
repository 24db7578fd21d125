"""The roles by which GitHub's workflows and the pipeline look, push images, release and deploy in an environment."""

from typing import Any, cast

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.access import ISSUER, GithubRole, PipelineRoles, ReleaseAccess, TrustingRole, github_provider
from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.service.images import PULLING, PUSHING
from exchange_constructs.values import arn_scope, lookup_role_arn
from settings.loading import Settings, infrastructure_role, project_role, release_role, stages_role
from stacks.release import ReleaseStack, machine_name, preflight_name, record_name, request_name


class AccessStack(Stack):
    """The roles, whose ARNs are outputs for the workflows; `github_provider_arn` adopts a provider of the account."""

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
        self._settings, self._access = settings, self._release_access(settings, release)
        existing = github_provider_arn or self._provider_of_staging()
        self._provider = github_provider(self, "GitHub", existing_arn=existing)
        self.diff, self.look, self.builds, self.releases = self._diff(), self._look(), self._builds(), self._releases()
        if settings.has_pipeline:
            self._pipeline_roles(settings)
        self.add_stack_dependency(release, "its machines are named in what the role may start")
        CfnOutput(self, "DiffRoleArn", value=self.diff.role_arn)
        CfnOutput(self, "LookRoleArn", value=self.look.role_arn)
        CfnOutput(self, "BuildRoleArn", value=self.builds.role_arn)
        CfnOutput(self, "ReleaseRoleArn", value=self.releases.role_arn)

    def _release_access(self, settings: Settings, release: ReleaseStack) -> ReleaseAccess:
        components = list(settings.components)
        return ReleaseAccess(
            scope=self,
            stack_prefix=settings.stack_name(""),
            components=components,
            repositories=[settings.repository_name(name) for name in components],
            machines=[machine_name(settings, name) for name in components],
            requests=[request_name(settings, name) for name in components],
            functions=[preflight_name(settings), record_name(settings)],
            ledger=cast(CfnOutput, release.node.find_child("LedgerTableName")).value,
            key=release.alerts.master_key,  # the key of the ledger, too
        )

    def _pipeline_roles(self, settings: Settings) -> None:
        infrastructure, acceptance = (project_role(settings, project) for project in ("infrastructure", "acceptance"))
        PipelineRoles(
            self,
            "Pipeline",
            environment=settings.environment,
            access=self._access,
            releases=TrustingRole(release_role(settings), [stages_role(settings), acceptance]),
            infrastructure=TrustingRole(infrastructure_role(settings), [infrastructure]),
            account=settings.owner.account if settings.owner else None,
        )

    def _provider_of_staging(self) -> str | None:
        """Return the ARN of the provider that staging has made, if it is in this account: an account has only one."""
        staging = self._settings.staging
        shared = staging is not None and staging.account == self._settings.account
        return arn_scope(self).global_arn("iam", f"oidc-provider/{ISSUER}") if shared else None

    def _diff(self) -> iam.Role:
        """Make the role for pull requests, also of forks: all it may do is to become the role that only looks (F30)."""
        role = GithubRole(
            self,
            "Diff",
            provider=self._provider,
            repository=self._settings.pipeline.repository,
            run="pull_request",
            description=f"cdk diff of {self._settings.environment} in pull requests; read-only",
        ).role
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[lookup_role_arn(self)]))
        return role

    def _look(self) -> iam.Role:
        """Make the role for `status` and for the plan of a rollback, which people see before they approve it."""
        role = self._on_branch("Look", f"Looks at the releases of {self._settings.environment}; read-only")
        self._access.grant_looking(role)
        return role

    def _builds(self) -> iam.Role:
        """Make the role that pushes images, from the release branch. A release decides what runs, not the registry.

        It may pull images of the project's other environments in this account, since one image goes through all.
        """
        role = self._on_branch("Build", f"Pushes images for {self._settings.environment}")
        role.add_to_policy(iam.PolicyStatement(actions=list(PUSHING), resources=self._access.repository_arns))
        other_environments = [
            arn_scope(self).arn("ecr", f"repository/{self._settings.project}-*-{name}")
            for name in self._settings.components
        ]
        role.add_to_policy(iam.PolicyStatement(actions=list(PULLING), resources=other_environments))
        reason = "the environment's name is in the place of the star"
        acknowledge(role, {wildcard_finding(self, arn): reason for arn in other_environments})
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))
        acknowledge(role, {"AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken knows no narrower resource"})
        return role

    def _on_branch(self, id_: str, description: str) -> iam.Role:
        """Make a role for jobs on the release branch that name no environment: their token's subject is the branch."""
        pipeline = self._settings.pipeline
        return GithubRole(
            self,
            id_,
            provider=self._provider,
            repository=pipeline.repository,
            run=f"ref:refs/heads/{pipeline.branch}",
            description=description,
        ).role

    def _releases(self) -> iam.Role:
        """Make the role for `python -m release`, in the GitHub environment of this name on the release branch."""
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
        self._access.grant_releasing(role)
        self._access.grant_looking(role)
        return role
