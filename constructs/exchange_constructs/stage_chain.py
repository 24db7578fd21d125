"""The part of the pipeline that releases: one stage per component, in the order of the chain."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.acknowledgements import Finding, acknowledge
from exchange_constructs.release_request import ReleaseRequest


class StageChain(Construct):
    """Adds the stages to `pipeline`. A stage begins when the release of the one before has succeeded.

    `digests` says, per component, what to release; a pipeline variable serves. `preflight` is asked before each stage,
    so that a stage fails at its entry, with every reason, rather than by a release that is refused.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        pipeline: codepipeline.Pipeline,
        chain: Sequence[str],
        machines: Mapping[str, sfn.StateMachine],
        preflight: lambda_.IFunction,
        digests: Mapping[str, str],
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        if not chain:
            raise ValueError(f"{self.node.path}: a chain without components would release nothing and succeed")
        # CDK grants the rules of a condition nothing; without a role of their own they have the pipeline's.
        calling = iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[preflight.function_arn])
        pipeline.add_to_role_policy(calling)
        for component in chain:
            request = ReleaseRequest(
                self,
                component.capitalize(),
                component=component,
                machine=machines[component],
                log_group=log_group,
            )
            pipeline.add_stage(
                stage_name=component.capitalize(),
                before_entry=_entry(component, preflight),
                actions=[_release(request.machine, digests[component])],
            )
            reason = "executions of this one machine come into being with each release"
            executions: Finding = partial(_executions_finding, request.machine)
            acknowledge(pipeline, {executions: reason})


def _entry(component: str, preflight: lambda_.IFunction) -> codepipeline.Conditions:
    """The stage fails when preflight finds a problem. The new digest is the release's own preflight's to look for: that
    a rule resolves variables is documented for VariableCheck alone.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-LambdaInvoke.html
    """
    asked = json.dumps({"component": component, "ask": "preflight"})
    rule = codepipeline.Rule(
        name=f"Preflight{component.capitalize()}",
        provider="LambdaInvoke",
        version="1",
        configuration={"FunctionName": preflight.function_name, "UserParameters": asked},
    )
    condition = codepipeline.Condition(rules=[rule], result=codepipeline.Result.FAIL)
    return codepipeline.Conditions(conditions=[condition])


def _release(machine: sfn.IStateMachine, digest: str) -> actions.StepFunctionInvokeAction:
    by = f"pipeline:{codepipeline.GlobalVariables.EXECUTION_ID}"
    return actions.StepFunctionInvokeAction(
        action_name="Release",
        state_machine=machine,
        state_machine_input=actions.StateMachineInput.literal({"digest": digest, "requested_by": by}),
    )


def _executions_finding(machine: sfn.StateMachine) -> str:
    """What cdk-nag calls the action's permission to look at executions: CDK builds it from the parts of the ARN."""
    stack = Stack.of(machine)
    parts = stack.split_arn(machine.state_machine_arn, ArnFormat.COLON_RESOURCE_NAME)
    words = ["arn", parts.partition, "states", parts.region, parts.account, "execution", parts.resource_name, "*"]
    told = [_as_nag_tells(stack.resolve(word)) for word in words]
    return f"AwsSolutions-IAM5[Resource::{':'.join(told)}]"


def _as_nag_tells(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
