"""An environment as a pipeline sees it: what is done to it as a whole, and one stage per component."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.pipeline import build_project
from exchange_constructs.pipeline.build_project import BuildContext, BuildProject
from exchange_constructs.values import ArnScope, hours


class Destination(Construct):
    """Known by names alone, since its stacks may be in another app and in another account.

    `label` is what the names of its stages begin with. `release_role` is the role that an action becomes there, which
    may ask for releases and call the functions; `requests` are the machines that ask, by component.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: str,
        label: str,
        arns: ArnScope,
        release_role: str,
        infrastructure_role: str,
        requests: Mapping[str, str],
        preflight: str,
        record: str,
    ) -> None:
        super().__init__(scope, id_)
        self.environment, self.label, self.preflight = environment, label, preflight
        self._arns, self._requests, self._record = arns, requests, record
        self.release_role_arn = arns.global_arn("iam", f"role/{release_role}")
        self.infrastructure_role_arn = arns.global_arn("iam", f"role/{infrastructure_role}")

    @cached_property
    def role(self) -> iam.IRole:
        """What it may do is said where it is made: in the environment."""
        return iam.Role.from_role_arn(self, "Role", self.release_role_arn, mutable=False)

    def request_arn(self, component: str) -> str:
        """The machine that asks for the component's release."""
        return self._arns.arn("states", f"stateMachine:{self._requests[component]}")

    def ask_preflight(self, name: str, asked: Mapping[str, object], *, run_order: int) -> codepipeline.IAction:
        """An action that waits for what preflight answers in its own time."""
        return self._ask(name, self._preflight_function, asked, run_order)

    def ask_record(self, name: str, asked: Mapping[str, object]) -> codepipeline.IAction:
        """An action that has the environment's ledger keep something."""
        function = lambda_.Function.from_function_name(self, "Record", self._record)
        return self._ask(name, function, asked, 1)

    @cached_property
    def _preflight_function(self) -> lambda_.IFunction:
        return lambda_.Function.from_function_name(self, "Preflight", self.preflight)

    def _ask(
        self, name: str, function: lambda_.IFunction, asked: Mapping[str, object], run_order: int
    ) -> codepipeline.IAction:
        return actions.LambdaInvokeAction(
            action_name=name, lambda_=function, user_parameters=dict(asked), role=self.role, run_order=run_order
        )


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
            build_project.infrastructure(),
            role_name=infrastructure_role,
            becomes=destination.infrastructure_role_arn,
            longest=hours(4),  # a database that is changed takes its time
        )
        self.acceptance = self._action(
            "Acceptance",
            build_project.acceptance(),
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


class StageChain(Construct):
    """Adds the stages to `pipeline`. A stage begins when the release of the one before has succeeded.

    `digests` and `manifests` (in base64) say, per component, what to release; pipeline variables serve. Preflight of
    the destination is asked before each stage, so that a stage fails at its entry, with every reason, rather than by a
    release that is refused.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.Pipeline,
        destination: Destination,
        chain: Sequence[str],
        digests: Mapping[str, str],
        manifests: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id_)
        if not chain:
            raise ValueError(f"{self.node.path}: a chain without components would release nothing and succeed")
        for component in chain:
            machine = sfn.StateMachine.from_state_machine_arn(
                self, component.capitalize(), destination.request_arn(component)
            )
            told = {"digest": digests[component], "manifest": manifests[component]}
            pipeline.add_stage(
                stage_name=f"{destination.label}{component.capitalize()}",
                before_entry=_entry(component, destination),
                actions=[_release(machine, destination, told)],
            )
            _asked_as(destination.release_role_arn, pipeline)


def _entry(component: str, destination: Destination) -> codepipeline.Conditions:
    """The stage fails when preflight finds a problem. The new digest is the release's own preflight's to look for: that
    a rule resolves variables is documented for VariableCheck alone. The rule becomes the role that the action becomes.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    """
    asked = json.dumps({"component": component, "ask": "preflight"})
    rule = codepipeline.Rule(
        name=f"{destination.label}Preflight{component.capitalize()}",
        provider="LambdaInvoke",
        version="1",
        configuration={"FunctionName": destination.preflight, "UserParameters": asked},
    )
    condition = codepipeline.Condition(rules=[rule], result=codepipeline.Result.FAIL)
    return codepipeline.Conditions(conditions=[condition])


def _asked_as(role_arn: str, pipeline: codepipeline.Pipeline) -> None:
    """The last stage's rule becomes this role. CDK takes none for it but one that is made in the same app."""
    stages = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    last = pipeline.stage_count - 1
    stages.add_property_override(f"Stages.{last}.BeforeEntry.Conditions.0.Rules.0.RoleArn", role_arn)


def _release(machine: sfn.IStateMachine, destination: Destination, told: Mapping[str, str]) -> codepipeline.IAction:
    by = f"pipeline:{codepipeline.GlobalVariables.EXECUTION_ID}"
    return actions.StepFunctionInvokeAction(
        action_name="Release",
        state_machine=machine,
        state_machine_input=actions.StateMachineInput.literal({**told, "requested_by": by}),
        role=destination.role,
    )
