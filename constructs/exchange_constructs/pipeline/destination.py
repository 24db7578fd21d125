"""An environment as a pipeline sees it."""

from collections.abc import Mapping
from functools import cached_property

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from exchange_constructs.arns import ArnScope


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
