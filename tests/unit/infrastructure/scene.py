"""A project whose `cdk` notes what it is told, and an account that has some of its stacks."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release_aws.ledger import Ledger
from tests.unit.aws.answers import error
from tests.unit.cli.exchange import CHAIN, Exchange
from tests.unit.review.scene import Project, Template, resource, template

PREFIX = "exchange-test-"
TABLE = template(
    Table=resource("DynamoDB::Table", f"{PREFIX}data/Table", TableName="a", KeySchema=[{"AttributeName": "pk"}])
)
OTHER_TABLE = template(
    Table=resource("DynamoDB::Table", f"{PREFIX}data/Table", TableName="b", KeySchema=[{"AttributeName": "pk"}])
)
ALARM = template(Alarm=resource("CloudWatch::Alarm", AlarmDescription="old"))
OTHER_ALARM = template(Alarm=resource("CloudWatch::Alarm", AlarmDescription="new"))
CDK = """#!/bin/sh
case "$1" in
synth)
  if [ -f broken ]; then echo "SettingsError: no such region"; exit 1; fi
  mkdir -p "$8" && cp assembly/* "$8"/ ;;
deploy)
  for word in "$@"; do echo "$word"; done > told
  if [ -f slow ]; then sleep 60 & echo $! > sleeping; wait; fi
  exit "$(cat code 2>/dev/null || echo 0)" ;;
esac
"""


class CloudFormation:
    """`templates` and `statuses` by stack."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.templates: dict[str, Any] = {}
        self.statuses: dict[str, str] = {}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName == f"{PREFIX}release" and self.exchange.outputs is not None:
            outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.exchange.outputs.items()]
            return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": outputs}]}
        if StackName not in self.templates:
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [{"StackStatus": self.statuses.get(StackName, "UPDATE_COMPLETE")}]}

    def get_template(self, StackName: str, TemplateStage: str) -> dict[str, Any]:
        assert TemplateStage == "Original"
        body = self.templates[StackName]
        if isinstance(body, Exception):
            raise body
        return {"TemplateBody": body}


@dataclass
class Scene:
    """`described` by short name is what the project says; `deployed` what the account has."""

    project: Project
    exchange: Exchange = field(default_factory=Exchange)

    def __post_init__(self) -> None:
        self.cloudformation = CloudFormation(self.exchange)
        cdk = self.project.folder / "node_modules" / ".bin" / "cdk"
        cdk.write_text(CDK)
        self.ledger = Ledger(self.exchange.table, "ledger")

    def described(self, **templates: Template) -> None:
        self.project.stacks({f"{PREFIX}{name}": one for name, one in templates.items()})

    def deployed(self, **templates: Any) -> None:
        self.cloudformation.templates = {f"{PREFIX}{name}": one for name, one in templates.items()}

    def file(self, name: str, text: str = "") -> Path:
        path = self.project.folder / name
        path.write_text(text)
        return path

    @property
    def told(self) -> list[str]:
        """What `cdk deploy` was told; nothing when it was not called."""
        told = self.project.folder / "told"
        return told.read_text().splitlines() if told.exists() else []

    @property
    def holders(self) -> list[str | None]:
        return [self.ledger.lock(component).holder for component in CHAIN]

    def client(self, service: str) -> Any:
        return self.cloudformation if service == "cloudformation" else self.exchange.client(service)

    def run(self, *arguments: str, now: Callable[[], float] = time.time) -> Result:
        context = CliContext(
            settings_of=lambda _: self.exchange.settings,
            clients_in=lambda _: self.client,
            pause=lambda _: None,
            now=now,
        )
        command = ["-e", "test", "infrastructure", *arguments]
        return CliRunner().invoke(app, command, obj=context, catch_exceptions=False)


def assembly_of(folder: Path, **templates: Template) -> Path:
    """As `make synth` writes it."""
    folder.mkdir()
    stack = "aws:cloudformation:stack"
    artifacts = {name: {"type": stack, "properties": {"templateFile": f"{name}.json"}} for name in templates}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    for name, one in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(one))
    return folder
