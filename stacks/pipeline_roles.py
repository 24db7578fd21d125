"""What a pipeline becomes in an environment, its own or, as the first one that it releases to, another's."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from exchange_constructs.access.bootstrap_roles import deploying_role_arns
from exchange_constructs.place import place_of
from settings.loading import Settings
from settings.pipeline_names import infrastructure_role, project_role, release_role, stages_role
from stacks.release_access import ReleaseAccess


class PipelineRoles(Construct):
    """`releases` asks for releases and undoes them; `infrastructure` deploys the environment's stacks.

    Neither does both. They trust the pipeline's roles by name, for these are made later, and may be another account's.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, reach: ReleaseAccess) -> None:
        super().__init__(scope, id_)
        self._settings, self._reach = settings, reach
        self.releases = self._releases()
        self.infrastructure = self._infrastructure()

    def _releases(self) -> iam.Role:
        """For the stages of the components, and for the acceptance, which undoes what it finds wrong."""
        role = self._role("Releases", release_role(self._settings), "releases", ["acceptance"], stages=True)
        self._reach.grant_requests(role)
        self._reach.grant_releasing(role)
        self._reach.grant_looking(role)
        self._reach.grant_stacks(role, ["cloudformation:DescribeStacks"], ["platform"])  # where users come in
        return role

    def _infrastructure(self) -> iam.Role:
        """It becomes the roles of `cdk bootstrap`, compares what is deployed, and holds the locks of the releases."""
        name = infrastructure_role(self._settings)
        role = self._role("Infrastructure", name, "deploys", ["infrastructure"], stages=False)
        becoming = deploying_role_arns(Stack.of(self))
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=becoming))
        looking = ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"]
        self._reach.grant_stacks(role, looking, ["*"])
        self._reach.grant_writing_ledger(role)
        self._reach.grant_watching(role)  # a lock whose release is over is taken
        return role

    def _role(self, id_: str, name: str, does: str, projects: Sequence[str], *, stages: bool) -> iam.Role:
        """The condition compares the ARN of the role, whatever the session is called.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        """
        place = place_of(Stack.of(self))
        account = (self._settings.owner and self._settings.owner.account) or place.account
        names = [
            *([stages_role(self._settings)] if stages else []),
            *(project_role(self._settings, one) for one in projects),
        ]
        arns = [f"arn:{place.partition}:iam::{account}:role/{one}" for one in names]
        trusted = iam.AccountPrincipal(account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arns}})
        return iam.Role(
            self,
            id_,
            role_name=name,
            assumed_by=trusted,
            description=f"The pipeline {does} in {self._settings.environment} with it",
            max_session_duration=Duration.hours(1),
        )
