"""What a state machine of another stack is called in policies."""

from typing import cast

from aws_cdk import Stack, Token
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from exchange_constructs.arns import arn_scope


class MachineArns:
    """A machine's ARN and that of its executions, from the name it was given.

    CDK's own grants take the machine's ARN apart, and a reference to another stack's output cannot be taken apart.
    """

    def __init__(self, scope: Construct, machine: sfn.StateMachine) -> None:
        name = cast(sfn.CfnStateMachine, machine.node.default_child).state_machine_name
        if not name or Token.is_unresolved(name):
            raise ValueError(f"{machine.node.path} has no name of its own: others cannot be granted its executions")
        arns = arn_scope(Stack.of(scope))
        self.machine = arns.arn("states", f"stateMachine:{name}")
        self.executions = arns.arn("states", f"execution:{name}:*")
