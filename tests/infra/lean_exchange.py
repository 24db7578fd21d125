"""Observability and Access of staging, and production's Pipeline, as `tests/infra/exchange.py` has synthesized them."""

from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from aws_cdk import App, CfnOutput, Stack
from aws_cdk.assertions import Template

from settings.loading import Settings
from stacks.access import AccessStack
from tests.infra.exchange import CONTEXT, exchange, template

PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"


def settings() -> Settings:
    return exchange("staging").settings


@cache
def templates() -> dict[str, Template]:
    """By stack: Pipeline, Observability, Access, and AdoptingAccess, which finds GitHub's provider in the account."""
    found = {name.capitalize(): template("staging", name) for name in ("observability", "access")}
    found["Pipeline"] = template("prod2", "pipeline")
    return found | {"AdoptingAccess": Template.from_stack(_adopting_access())}


def bare_release(stack: Stack) -> Any:
    """The part of a Release stack that the roles of the Access stack are made from."""
    release = cast(Any, stack)
    CfnOutput(release, "LedgerTableName", value="ledger")
    release.alerts = SimpleNamespace(master_key=None)
    return release


def _adopting_access() -> Stack:
    app = App(context=CONTEXT)
    release = bare_release(Stack(app, "Release"))
    return AccessStack(app, "Access", settings=settings(), release=release, github_provider_arn=PROVIDER)


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """What the policies of the role whose logical id begins so allow."""
    return [
        statement
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith(role)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def actions_of(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)
