"""Projects and builds, through the API of CodeBuild."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.server import LocalAws
from tests.local_aws.ecs.sample_services import wait_for

Record = dict[str, Any]
ROLE = "arn:aws:iam::000000000000:role/build"
IMAGE = "aws/codebuild/amazonlinux-aarch64-standard:3.0"


@dataclass(frozen=True)
class Builds:
    """Starts builds of projects of the test's own, and looks at how they ended."""

    aws: LocalAws

    @property
    def client(self) -> Any:
        return self.aws.client("codebuild")

    def project(self, buildspec: Any, *, source: str = "NO_SOURCE", **settings: Any) -> str:
        """The name of a project with this buildspec; a mapping is written as JSON, as the CDK does."""
        name = f"project-{uuid.uuid4().hex[:8]}"
        variables = [{"name": key, "value": value} for key, value in settings.pop("variables", {}).items()]
        self.client.create_project(
            name=name,
            source={"type": source, "buildspec": buildspec if isinstance(buildspec, str) else json.dumps(buildspec)},
            artifacts={"type": "NO_ARTIFACTS" if source == "NO_SOURCE" else "CODEPIPELINE"},
            environment={
                "type": "ARM_CONTAINER",
                "image": IMAGE,
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [*variables, *settings.pop("secret_variables", ())],
            },
            serviceRole=ROLE,
            **settings,
        )
        return name

    def start(self, project: str, **request: Any) -> str:
        return str(self.client.start_build(projectName=project, **request)["build"]["id"])

    def described(self, build_id: str) -> Record:
        build: Record = self.client.batch_get_builds(ids=[build_id])["builds"][0]
        return build

    def ended(self, build_id: str, seconds: float = 20) -> Record:
        return wait_for(lambda: self.described(build_id), lambda build: build["buildComplete"])

    def run(self, *commands: str, project: Mapping[str, Any] | None = None, **more: Any) -> Record:
        """A build of these commands, in a phase build, has ended; `more` are other parts of the buildspec."""
        return self.ended(self.start(self.project(spec(*commands, **more), **(project or {}))))

    def log(self, build: Record) -> list[str]:
        """What the commands printed, without the lines of CodeBuild's own."""
        return [line for line in self.whole_log(build) if not line.startswith("[Container]")]

    def whole_log(self, build: Record) -> list[str]:
        logs, where = self.aws.client("logs"), build["logs"]
        events = logs.get_log_events(logGroupName=where["groupName"], logStreamName=where["streamName"], limit=10000)
        return [event["message"] for event in events["events"]]


def spec(*commands: str, shell: str = "bash", **more: Any) -> Record:
    """A buildspec with these commands in the phase build."""
    phases = {"build": {"commands": list(commands)}} if commands else {}
    phases |= more.pop("phases", {})
    return {"version": 0.2, "env": {"shell": shell} | more.pop("env", {}), "phases": phases, **more}


def statuses(build: Record) -> dict[str, str]:
    """How each phase ended."""
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def context(build: Record, phase: str) -> tuple[str, str]:
    """Code and message of a phase."""
    (ended,) = [entry for entry in build["phases"] if entry["phaseType"] == phase]
    return ended["contexts"][0]["statusCode"], ended["contexts"][0]["message"]


def commands(**phases: Sequence[str]) -> Record:
    """Phases by their commands."""
    return {name: {"commands": list(said)} for name, said in phases.items()}
