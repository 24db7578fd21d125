"""Roles of GitHub's workflows and of the pipeline, and the permissions that releasing to an environment takes.

Workflows take on their roles without any stored key:
https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.values import ArnScope, arn_scope, deploying_role_arns

ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"


def github_provider(scope: Construct, id_: str, *, existing_arn: str | None) -> iam.IOidcProvider:
    """Make the account's provider for GitHub, or adopt the one at `existing_arn`: an account can have only one."""
    if existing_arn:
        return iam.OidcProviderNative.from_oidc_provider_arn(scope, id_, existing_arn)
    return iam.OidcProviderNative(scope, id_, url=f"https://{ISSUER}", client_ids=[_AUDIENCE])


class GithubRole(Construct):
    """A role for the workflows of one repository, and of those only for the runs that `run` names.

    `run` is the end of the token's subject: `pull_request`, or `environment:staging`. A `branch` narrows further. Both
    are compared whole: a pattern could be met by a branch or a repository that somebody names to meet it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        provider: iam.IOidcProvider,
        repository: str,
        run: str,
        description: str,
        branch: str | None = None,
        longest: Duration | None = None,
    ) -> None:
        super().__init__(scope, id_)
        if repository.count("/") != 1 or "*" in repository:
            raise ValueError(f"{self.node.path}: {repository!r} is not a repository of the form owner/name")
        claims = {"aud": _AUDIENCE, "sub": f"repo:{repository}:{run}"}
        if branch:
            claims["ref"] = f"refs/heads/{branch}"
        trusted = {"StringEquals": {f"{ISSUER}:{claim}": value for claim, value in claims.items()}}
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.OpenIdConnectPrincipal(provider, trusted),
            description=description,
            max_session_duration=longest or Duration.hours(1),
        )


_EXECUTIONS = "executions of this one machine come into being with each release"


@dataclass(frozen=True)
class ReleaseAccess:
    """Grants to roles of the stack `scope`, on resources of an environment that are known by their names.

    `stack_prefix` begins the names of its stacks. `machines` are the release machines, `requests` the state machines by
    which a pipeline asks for a release, `functions` the functions that it calls. `key` encrypts the `ledger`.
    """

    scope: Stack
    stack_prefix: str
    components: Sequence[str]
    repositories: Sequence[str]
    machines: Sequence[str]
    requests: Sequence[str]
    functions: Sequence[str]
    ledger: str
    key: kms.IKey | None

    @cached_property
    def repository_arns(self) -> list[str]:
        """Return the ARNs of the components' repositories."""
        return [self._arns.arn("ecr", f"repository/{name}") for name in self.repositories]

    def grant_releasing(self, role: iam.Role) -> None:
        """Allow to start the release machines, and to follow what they do."""
        for name in self.machines:
            self._grant_machine(role, name, starting=(), watching=["states:GetExecutionHistory"])

    def grant_requests(self, role: iam.Role) -> None:
        """Allow CodePipeline to start the machines that ask for a release, and to call the functions.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html and
        https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
        """
        for name in self.requests:
            self._grant_machine(role, name, starting=["states:DescribeStateMachine"], watching=())
        functions = [self._arns.arn("lambda", f"function:{name}") for name in self.functions]
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=functions))

    def grant_watching(self, role: iam.Role) -> None:
        """Allow to see whether a release still runs."""
        for name in self.machines:
            self._allow(
                role, ["states:DescribeExecution"], self._arns.arn("states", f"execution:{name}:*"), _EXECUTIONS
            )

    def grant_looking(self, role: iam.Role) -> None:
        """Allow to read stacks, ledger and images: `status` shows them, and a rollback is planned from them."""
        self.grant_stacks(role, ["cloudformation:DescribeStacks"], ["release", *self.components])
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:Query"])
        if self.key:
            self.key.grant_decrypt(role)
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:BatchGetImage"], resources=self.repository_arns))

    def grant_stacks(self, role: iam.Role, actions: Sequence[str], stacks: Sequence[str]) -> None:
        """Allow the actions on stacks by their short names; `*` means all stacks of the environment."""
        for name in stacks:
            arn = self._arns.arn("cloudformation", f"stack/{self.stack_prefix}{name}/*")
            self._allow(role, actions, arn, "the last part of a stack's ARN is made up by CloudFormation")

    def grant_ledger(self, role: iam.Role, actions: Sequence[str]) -> None:
        """Allow the actions on the ledger's items, without its key."""
        ledger = self._arns.arn("dynamodb", f"table/{self.ledger}")
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[ledger]))

    def grant_writing_ledger(self, role: iam.Role) -> None:
        """Allow to hold the locks, so that no release begins."""
        self.grant_ledger(role, ["dynamodb:GetItem", "dynamodb:UpdateItem"])
        if self.key:
            self.key.grant_encrypt_decrypt(role)
            wide = [f"AwsSolutions-IAM5[Action::kms:{action}*]" for action in ("GenerateDataKey", "ReEncrypt")]
            acknowledge(role, dict.fromkeys(wide, "one key; the variants of these actions, as CDK grants them"))

    def _grant_machine(self, role: iam.Role, name: str, *, starting: Sequence[str], watching: Sequence[str]) -> None:
        machine, executions = (self._arns.arn("states", f"{kind}:{name}") for kind in ("stateMachine", "execution"))
        start = iam.PolicyStatement(actions=["states:StartExecution", *starting], resources=[machine])
        role.add_to_policy(start)
        self._allow(role, ["states:DescribeExecution", *watching], f"{executions}:*", _EXECUTIONS)

    def _allow(self, role: iam.Role, actions: Sequence[str], arn: str, reason: str) -> None:
        """Allow the actions on an ARN that has a wildcard, for a reason."""
        role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=[arn]))
        acknowledge(role, {wildcard_finding(self.scope, arn): reason})

    @property
    def _arns(self) -> ArnScope:
        return arn_scope(self.scope)


@dataclass(frozen=True)
class TrustingRole:
    """The name of a role, and the names of the pipeline's roles that may become it."""

    name: str
    trusted: Sequence[str]


class PipelineRoles(Construct):
    """Two roles: `releases` asks for releases and undoes them; `infrastructure` deploys the environment's stacks.

    Neither does both. They trust the pipeline's roles by name, for these are made later, and may be another account's:
    `account`, or else that of the environment.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: str,
        access: ReleaseAccess,
        releases: TrustingRole,
        infrastructure: TrustingRole,
        account: str | None,
    ) -> None:
        super().__init__(scope, id_)
        self._environment, self._access = environment, access
        self._account = account or arn_scope(Stack.of(self)).account
        self.releases = self._releases(releases)
        self.infrastructure = self._infrastructure(infrastructure)

    def _releases(self, names: TrustingRole) -> iam.Role:
        """Make the role for the stages of the components, and for the acceptance, which undoes what it finds wrong."""
        role = self._role("Releases", names, "releases")
        self._access.grant_requests(role)
        self._access.grant_releasing(role)
        self._access.grant_looking(role)
        self._access.grant_stacks(role, ["cloudformation:DescribeStacks"], ["platform"])  # where users come in
        return role

    def _infrastructure(self, names: TrustingRole) -> iam.Role:
        """Make the role that becomes those of `cdk bootstrap`, compares what is deployed, and holds the locks."""
        role = self._role("Infrastructure", names, "deploys")
        becoming = deploying_role_arns(Stack.of(self))
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=becoming))
        self._access.grant_stacks(role, ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"], ["*"])
        self._access.grant_writing_ledger(role)
        self._access.grant_watching(role)  # a lock whose release is over is taken
        return role

    def _role(self, id_: str, names: TrustingRole, does: str) -> iam.Role:
        """Make a role whose trust compares the ARN of the caller's role, whatever the session is called.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        partition = arn_scope(Stack.of(self)).partition
        arns = [f"arn:{partition}:iam::{self._account}:role/{name}" for name in names.trusted]
        trusted = iam.AccountPrincipal(self._account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arns}})
        return iam.Role(
            self,
            id_,
            role_name=names.name,
            assumed_by=trusted,
            description=f"The pipeline {does} in {self._environment} with it",
            max_session_duration=Duration.hours(1),
        )
