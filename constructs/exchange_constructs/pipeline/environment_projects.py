"""What a pipeline does to an environment as a whole, before and after its releases there."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from constructs import Construct

from exchange_constructs.pipeline import buildspecs
from exchange_constructs.pipeline.build_project import BuildContext, BuildProject
from exchange_constructs.pipeline.destination import Destination
from exchange_constructs.values import hours


class EnvironmentProjects(Construct):
    """`infrastructure` deploys what differs; `acceptance` asks as a user, and undoes releases that fail it.

    `digests` are those that were released, each as component=digest; `market` is where orders may be placed. Each of
    the two becomes a role of the environment, and can do nothing besides.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: BuildContext,
        commands: codepipeline.Artifact,
        destination: Destination,
        infrastructure_role: str,
        acceptance_role: str,
        digests: str,
        market: str | None,
    ) -> None:
        super().__init__(scope, id_)
        self._context, self._commands, self._environment = context, commands, destination.environment
        self.infrastructure = self._action(
            "Infrastructure",
            buildspecs.infrastructure(),
            role_name=infrastructure_role,
            becomes=destination.infrastructure_role_arn,
            longest=hours(4),  # a database that is changed takes its time
        )
        self.acceptance = self._action(
            "Acceptance",
            buildspecs.acceptance(),
            role_name=acceptance_role,
            becomes=destination.release_role_arn,
            longest=hours(4),  # and the way back has its bakes
            told={"MARKET": market} if market else {},
            asked={"EXECUTION": codepipeline.GlobalVariables.EXECUTION_ID, "DIGESTS": digests},
        )

    def _action(
        self,
        name: str,
        spec: codebuild.BuildSpec,
        *,
        role_name: str,
        becomes: str,
        longest: Duration,
        told: Mapping[str, str] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> actions.CodeBuildAction:
        project = BuildProject(
            self,
            name,
            context=self._context,
            spec=spec,
            role_name=role_name,
            environment={"ENVIRONMENT": self._environment, "ENVIRONMENT_ROLE": becomes, **(told or {})},
            longest=longest,
        )
        project.allow(["sts:AssumeRole"], becomes)
        variables = {key: codebuild.BuildEnvironmentVariable(value=value) for key, value in (asked or {}).items()}
        return actions.CodeBuildAction(
            action_name=name,
            project=project.project,
            input=self._commands,
            environment_variables=variables,
        )
