"""An environment that a pipeline releases to: what is done to it as a whole, and one stage per component."""

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
    """An environment, known by names alone, since its stacks may be in another app and in another account.

    The names of its stages begin with `label`. Actions assume its `release_role`, which may ask for releases and call
    the functions `preflight` and `record`; `requests` are the machines that ask for a release, by component.
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
        """Return the role that actions assume; its permissions are set where it is made, in the environment."""
        return iam.Role.from_role_arn(self, "Role", self.release_role_arn, mutable=False)

    def request_arn(self, component: str) -> str:
        """Return the ARN of the machine that asks for the component's release."""
        return self._arns.arn("states", f"stateMachine:{self._requests[component]}")

    def ask_preflight(self, name: str, question: Mapping[str, object], *, run_order: int) -> codepipeline.IAction:
        """Return an action that asks preflight and waits for its answer."""
        return self._ask(name, self._preflight_function, question, run_order)

    def ask_record(self, name: str, question: Mapping[str, object]) -> codepipeline.IAction:
        """Return an action that has something recorded in the environment's ledger."""
        function = lambda_.Function.from_function_name(self, "Record", self._record)
        return self._ask(name, function, question, 1)

    @cached_property
    def _preflight_function(self) -> lambda_.IFunction:
        return lambda_.Function.from_function_name(self, "Preflight", self.preflight)

    def _ask(
        self, name: str, function: lambda_.IFunction, question: Mapping[str, object], run_order: int
    ) -> codepipeline.IAction:
        return actions.LambdaInvokeAction(
            action_name=name, lambda_=function, user_parameters=dict(question), role=self.role, run_order=run_order
        )


class EnvironmentProjects(Construct):
    """The two projects that work on a whole environment, each with a role of the environment and nothing besides.

    `infrastructure` deploys what differs. `acceptance` asks as a user does, and undoes releases that fail it: `digests`
    are those that were released, each as component=digest; `market` is where orders may be placed.
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
            settings={"MARKET": market} if market else {},
            variables={"EXECUTION": codepipeline.GlobalVariables.EXECUTION_ID, "DIGESTS": digests},
        )

    def _action(
        self,
        name: str,
        spec: codebuild.BuildSpec,
        *,
        role_name: str,
        becomes: str,
        longest: Duration,
        settings: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> actions.CodeBuildAction:
        project = BuildProject(
            self,
            name,
            context=self._context,
            spec=spec,
            role_name=role_name,
            environment={"ENVIRONMENT": self._environment, "ENVIRONMENT_ROLE": becomes, **(settings or {})},
            longest=longest,
        )
        project.allow(["sts:AssumeRole"], becomes)
        return actions.CodeBuildAction(
            action_name=name,
            project=project.project,
            input=self._commands,
            environment_variables={
                key: codebuild.BuildEnvironmentVariable(value=value) for key, value in (variables or {}).items()
            },
        )


class StageChain(Construct):
    """The stages that release a chain of components; each begins when the release before it has succeeded.

    `digests` and `manifests` (in base64) are what to release, by component; they may be variables of the pipeline.
    The environment's preflight is asked before each stage, so that a stage fails at its entry, with every reason,
    rather than by a release that is refused.
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
            release = {"digest": digests[component], "manifest": manifests[component]}
            pipeline.add_stage(
                stage_name=f"{destination.label}{component.capitalize()}",
                before_entry=_entry(component, destination),
                actions=[_release(machine, destination, release)],
            )
            _set_role_of_last_rule(pipeline, destination.release_role_arn)


def _entry(component: str, destination: Destination) -> codepipeline.Conditions:
    """Return the condition that preflight finds no problem; otherwise the stage fails.

    Preflight is asked without a digest, because it is documented for VariableCheck alone that a rule resolves
    variables; the preflight of the release itself looks for the image.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    """
    question = json.dumps({"component": component, "ask": "preflight"})
    rule = codepipeline.Rule(
        name=f"{destination.label}Preflight{component.capitalize()}",
        provider="LambdaInvoke",
        version="1",
        configuration={"FunctionName": destination.preflight, "UserParameters": question},
    )
    condition = codepipeline.Condition(rules=[rule], result=codepipeline.Result.FAIL)
    return codepipeline.Conditions(conditions=[condition])


def _set_role_of_last_rule(pipeline: codepipeline.Pipeline, role_arn: str) -> None:
    """Have the rule of the last stage assume this role: CDK takes only a role that is made in the same app."""
    stages = cast(codepipeline.CfnPipeline, pipeline.node.default_child)
    last = pipeline.stage_count - 1
    stages.add_property_override(f"Stages.{last}.BeforeEntry.Conditions.0.Rules.0.RoleArn", role_arn)


def _release(machine: sfn.IStateMachine, destination: Destination, release: Mapping[str, str]) -> codepipeline.IAction:
    by = f"pipeline:{codepipeline.GlobalVariables.EXECUTION_ID}"
    return actions.StepFunctionInvokeAction(
        action_name="Release",
        state_machine=machine,
        state_machine_input=actions.StateMachineInput.literal({**release, "requested_by": by}),
        role=destination.role,
    )
