"""The part of the pipeline that releases to an environment: one stage per component, in the order of the chain."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.pipeline.destination import Destination


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
