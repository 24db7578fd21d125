"""How the pipeline asks for a release: under a name that the ledger can rely on."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.arns import arn_scope
from exchange_constructs.nag import acknowledge, wildcard_finding
from exchange_constructs.release.machine_arns import MachineArns
from exchange_constructs.values import hours
from release_engine.ledger import Kind
from release_engine.machine_state import MachineInput
from release_engine.times import REQUEST_HOURS

# The time of the request in the ledger's spelling, then what tells it apart, as the command line names releases too.
_RELEASE_ID = (
    "{% $replace($replace($states.context.Execution.StartTime, /\\.[0-9]+/, ''), /[-:]/, '')"
    " & '-' & $substring($states.context.Execution.Name, 0, 8) %}"
)
# As a pipeline hands it over, in base64. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
_MANIFEST = "{% $parse($base64decode($states.input.manifest)) %}"
_WATCHING = "StepFunctionsGetEventsForStepFunctionsExecutionRule"  # the name is given by Step Functions


class ReleaseRequest(Construct):
    """Starts a component's release machine with a release id that is the name of its execution, and waits for its end.

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
        """https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html#sync-async-iam-policies"""
        rule = arn_scope(Stack.of(self)).arn("events", f"rule/{_WATCHING}")
        for actions, resource in (
            (["states:StartExecution"], arns.machine),
            (["states:DescribeExecution", "states:StopExecution"], arns.executions),
            (["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule),
        ):
            self.machine.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=[resource]))
        acknowledge(
            self.machine,
            {
                "AwsSolutions-IAM5[Resource::*]": "X-Ray and the delivery of logs know no narrower resource",
                wildcard_finding(
                    Stack.of(self), arns.executions
                ): "executions of this one machine come with each release",
            },
        )


def _start(component: str, arns: MachineArns) -> dict[str, object]:
    order = MachineInput(
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
            "Input": order.as_input(),
        },
        "End": True,
    }
