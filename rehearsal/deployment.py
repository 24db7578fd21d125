"""The real CDK CLI against the local AWS."""

import json
import re
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from botocore.handlers import json_decode_template_body

from rehearsal.commands import ROOT, Command, Finished, Say, StepFailedError

CLI = str(ROOT / "node_modules" / ".bin" / "cdk")
PATIENCE = 1200.0  # a bound for a machine that is busy with other things: a quiet one takes half a minute
STANDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# Where jsii keeps what it has unpacked, on Linux and on macOS.
UNPACKED = tuple(
    Path.home() / cache / "package-cache" / "aws-cdk-lib" / version("aws-cdk-lib")
    for cache in (".cache/aws/jsii", "Library/Caches/com.amazonaws.jsii")
)
README, README_STACK, README_DIGEST = ROOT / "README.md", "exchange-staging-data", "sha256:…"
QUIET = {"JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}


class Deployment:
    """One environment's stacks: `folder` receives what the CLI writes."""

    def __init__(self, environment: str, *, folder: Path, aws: Mapping[str, str], say: Say) -> None:
        self._environment, self._folder, self._aws, self._say = environment, folder, dict(aws), say
        self.assembly, self.reference = folder / "cdk.out", folder / "synth"

    def unpack(self) -> None:
        """Have jsii unpack the CDK into its cache, on the first run of all; nothing is done where it is unpacked.

        Unpacking takes half a gigabyte, which would come on top of what `cdk synth` takes: so it is done before.
        """
        if not any(cache.exists() for cache in UNPACKED):
            command = [sys.executable, "-c", "import aws_cdk"]
            Command(command, environment=QUIET, folder=ROOT, say=self._say).wait(PATIENCE).require("unpacking the CDK")

    def start_synth(self) -> Command:
        """`cdk synth` as `make synth` runs it: no account, no credentials."""
        return self._start("synth", "--quiet", *self._context(), "--output", str(self.reference), aws=False)

    def bootstrap(self) -> Finished:
        """From a folder without cdk.json: the account is prepared, the app is not asked."""
        empty = self._folder / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        target = f"aws://{self._aws['CDK_DEFAULT_ACCOUNT']}/{self._aws['CDK_DEFAULT_REGION']}"
        return self._start("bootstrap", target, folder=empty).wait(PATIENCE).require("cdk bootstrap")

    def deploy(self) -> Finished:
        """Every stack, in the order that their references ask for."""
        arguments = ("deploy", "--all", *self._context(), "--require-approval", "never", "--concurrency", "4")
        command = self._start(*arguments, "--progress", "events", "--output", str(self.assembly))
        return command.wait(PATIENCE).require("cdk deploy --all")

    def name_broker_image(self, stack: str, digest: str) -> Finished:
        """Type the README's command that names the broker's image, for this Data stack and from this assembly."""
        words = readme_command("KafkaImageDigest")
        typed = [word.replace(README_STACK, stack).replace(README_DIGEST, digest) for word in words]
        command = self._start(*typed, "--app", str(self.assembly), "--require-approval", "never", "--no-notices")
        return command.wait(PATIENCE).require(" ".join(("cdk", *typed)))

    def _context(self) -> tuple[str, ...]:
        return ("--no-notices", "-c", f"environment={self._environment}")

    def _start(self, *arguments: str, folder: Path = ROOT, aws: bool = True) -> Command:
        environment = QUIET | (self._aws if aws else {})
        return Command([CLI, *arguments], environment=environment, folder=folder, say=self._say)


def readme_command(having: str) -> list[str]:
    """Return the words after `npx cdk` of the README's command that has this word; StepFailedError unless it is one."""
    commands = re.findall(r"`npx cdk ([^`]+)`", README.read_text(encoding="utf-8"))
    named = [command for command in commands if having in command]
    if len(named) != 1:
        raise StepFailedError(f"README.md has {len(named)} commands of the CDK CLI with {having}, there should be one")
    return shlex.split(named[0])


def templates(folder: Path) -> dict[str, str]:
    """Stack name -> template, as `cdk synth` wrote it. A stack whose id is its name has no name of its own there."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"].items()
    stacks = {id_: one["properties"] for id_, one in artifacts if one["type"] == "aws:cloudformation:stack"}
    return {stack.get("stackName", id_): (folder / stack["templateFile"]).read_text() for id_, stack in stacks.items()}


def differing(wanted: Mapping[str, str], deployed: Mapping[str, str]) -> list[str]:
    """The stacks whose template is not byte for byte the wanted one, or that only one side has."""
    return sorted(name for name in wanted.keys() | deployed.keys() if wanted.get(name) != deployed.get(name))


def deployed_templates(cloudformation: Any, prefix: str) -> dict[str, str]:
    """Stack name -> template, as CloudFormation has it; boto3 would parse it, so that is switched off."""
    cloudformation.meta.events.unregister("after-call.cloudformation.GetTemplate", json_decode_template_body)
    return {
        name: str(cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"])
        for name in stack_names(cloudformation, prefix)
    }


def stack_names(cloudformation: Any, prefix: str) -> list[str]:
    """The stacks of an environment that stand as they were asked for; one that was rolled back does not."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    return sorted(
        stack["StackName"]
        for stack in stacks
        if stack["StackName"].startswith(prefix) and stack["StackStatus"] in STANDING
    )


def count_resources(cloudformation: Any, prefix: str) -> int:
    """How many resources those stacks have."""
    pages = cloudformation.get_paginator("list_stack_resources")
    return sum(
        len(page["StackResourceSummaries"])
        for name in stack_names(cloudformation, prefix)
        for page in pages.paginate(StackName=name)
    )
