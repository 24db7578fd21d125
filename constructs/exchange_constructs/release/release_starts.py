"""What starts a release or a rollback: the machine by which a pipeline asks, and the rules that wake the watch."""

from collections.abc import Sequence
from typing import cast

from aws_cdk import Aws, Duration, Stack, Token
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.values import arn_scope, hours
from release_engine.ledger import Kind
from release_engine.machine_state import MachineInput
from release_engine.times import REQUEST_HOURS


class MachineArns:
    """The ARN of a machine and of its executions, made from its name.

    CDK's own grants take the machine's ARN apart, and a reference to another stack's output cannot be taken apart.
    """

    def __init__(self, scope: Construct, machine: sfn.StateMachine) -> None:
        name = cast(sfn.CfnStateMachine, machine.node.default_child).state_machine_name
        if not name or Token.is_unresolved(name):
            raise ValueError(f"{machine.node.path} has no name of its own: others cannot be granted its executions")
        arns = arn_scope(Stack.of(scope))
        self.machine = arns.arn("states", f"stateMachine:{name}")
        self.executions = arns.arn("states", f"execution:{name}:*")


# The time of the request in the ledger's spelling, then what tells it apart, as the command line names releases too.
_RELEASE_ID = (
    "{% $replace($replace($states.context.Execution.StartTime, /\\.[0-9]+/, ''), /[-:]/, '')"
    " & '-' & $substring($states.context.Execution.Name, 0, 8) %}"
)
# As a pipeline hands it over, in base64. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
_MANIFEST = "{% $parse($base64decode($states.input.manifest)) %}"
_WATCHING = "StepFunctionsGetEventsForStepFunctionsExecutionRule"  # the name is given by Step Functions


class ReleaseRequest(Construct):
    """A machine that starts a component's release machine, names its execution by the release, and waits for its end.

    The lock is taken over when no execution of its holder's name runs, so the two must be one. CodePipeline names what
    it starts by the action execution's id, which no pipeline variable can tell the machine:
    https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-StepFunctions.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        component: str,
        machine: sfn.StateMachine,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        arns = MachineArns(self, machine)
        start = sfn.CustomState(self, "Release", state_json=_start(component, arns))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(start),
            timeout=hours(REQUEST_HOURS),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
        )
        self._grant(arns)

    def _grant(self, arns: MachineArns) -> None:
        """Allow what a machine needs that starts another and waits for it.

        https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html#sync-async-iam-policies
        """
        rule = arn_scope(Stack.of(self)).arn("events", f"rule/{_WATCHING}")
        for actions, resource in (
            (["states:StartExecution"], arns.machine),
            (["states:DescribeExecution", "states:StopExecution"], arns.executions),
            (["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule),
        ):
            self.machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        executions = wildcard_finding(Stack.of(self), arns.executions)
        acknowledge(
            self.machine,
            {
                "AwsSolutions-IAM5[Resource::*]": "X-Ray and the delivery of logs know no narrower resource",
                executions: "executions of this one machine come with each release",
            },
        )


def _start(component: str, arns: MachineArns) -> dict[str, object]:
    machine_input = MachineInput(
        release_id=_RELEASE_ID,
        component=component,
        digest="{% $states.input.digest %}",
        kind=Kind.RELEASE,
        requested_by="{% $states.input.requested_by %}",
        manifest=_MANIFEST,
    )
    return {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::states:startExecution.sync:2",
        "Arguments": {
            "StateMachineArn": arns.machine,
            "Name": _RELEASE_ID,
            "Input": machine_input.as_input(),
        },
        "End": True,
    }


class RollbackRules(Construct):
    """Rules that wake the watch when a deployment of a service fails, or when an alarm with such a prefix goes red.

    `function` decides by the ledger whether that matters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: lambda_.IFunction,
        service_arns: Sequence[str],
        alarm_prefixes: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        target = targets.LambdaFunction(function, retry_attempts=3, max_event_age=Duration.hours(1))
        events.Rule(
            self,
            "DeploymentFailed",
            description="An ECS deployment of a released service failed",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Deployment State Change"],
                resources=list(service_arns),
                detail={"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
            ),
            targets=[target],
        )
        events.Rule(
            self,
            "AlarmRed",
            description="An alarm of a released component went red",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={
                    "alarmName": [{"prefix": prefix} for prefix in alarm_prefixes],
                    "state": {"value": ["ALARM"]},
                },
            ),
            targets=[target],
        )
