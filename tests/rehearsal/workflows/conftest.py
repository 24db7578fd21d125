"""A GitHub around a deployed production whose first release is out; nobody trades while its workflows run."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal import programs
from rehearsal.commands import ROOT
from rehearsal.stage import Stage
from rehearsal.traffic import Traffic
from settings.loading import load_settings
from tests.rehearsal.stages import SPEED, set_stage
from tests.rehearsal.workflows.step_runs import Actions, Steps
from tests.rehearsal.workflows.surroundings import github_api, plain_door
from tests.rehearsal.workflows.workflow_runs import Ended, Runner

ENVIRONMENT = "prod2"
COMMIT = "a" * 40  # of the monorepo
EXAMPLES = ROOT / "examples" / "monorepo" / ".github" / "workflows"
REVIEWERS = {"prod2-approval": ["alice"]}


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Nobody trades here, before or while the acceptance places its orders."""
    settings = load_settings(ENVIRONMENT)
    assert settings.domain is not None
    with set_stage(ENVIRONMENT, tmp_path_factory.mktemp("workflows"), "uncompared") as place:
        traffic = Traffic(place["door"], host=settings.domain.name)
        stage = Stage(settings=settings, aws=place["aws"], door=place["door"], traffic=traffic, say=print, speed=SPEED)
        assert stage.release(stage.build_all()).code == 0
        yield stage


@pytest.fixture(scope="session")
def url(stage: Stage) -> Iterator[str]:
    """Where users come in, as `make acceptance` can ask it."""
    assert stage.settings.domain is not None
    with plain_door(stage.door, stage.settings.domain.name) as found:
        yield found


@dataclass(frozen=True)
class Monorepo:
    """The repository with the examples' workflows; each `run` is one of GitHub's runs."""

    stage: Stage
    variables: dict[str, str]
    machine: dict[str, str]
    folder: Path

    def run(self, workflow: str, *, branch: str = "main", **inputs: str) -> tuple[Ended, dict[str, Ended]]:
        """One of the examples, started by hand: how it ended, and its jobs."""
        runner = self._runner(branch)
        return runner.run(EXAMPLES / f"{workflow}.yml", inputs), runner.jobs

    def call(self, workflow: str, **inputs: str) -> Ended:
        """One of ours, as a job of the monorepo calls it."""
        file = ROOT / ".github" / "workflows" / f"{workflow}.yml"
        return self._runner("main").run(file, inputs, "workflow_call")

    def _runner(self, branch: str) -> Runner:
        folder = self.folder / f"run-{len(list(self.folder.iterdir()))}"
        (folder / "jobs").mkdir(parents=True)
        actions = Actions(self.stage.client("iam"), self.stage.aws, folder / "artifacts").by_name()
        repository = self.stage.settings.pipeline.repository
        github = {
            "repository": repository,
            "ref": f"refs/heads/{branch}",
            "sha": COMMIT,
            "token": "a-token",
            "triggering_actor": "alice",
        }
        machine = self.machine | {"GITHUB_SHA": COMMIT, "GITHUB_REPOSITORY": repository}
        return Runner(github, self.variables, {}, Steps(folder / "jobs", machine, actions))


@pytest.fixture(scope="session")
def monorepo(stage: Stage, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monorepo]:
    """Its variables are those that docs/github.md asks for, for production; staging is not deployed here."""
    machine, folder = tmp_path_factory.mktemp("machine"), tmp_path_factory.mktemp("runs")
    programs.write(machine)
    described = stage.client("cloudformation").describe_stacks(StackName=stage.settings.stack_name("access"))
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0]["Outputs"]}
    roles = {f"PRODUCTION_{kind.upper()}_ROLE": outputs[f"{kind}RoleArn"] for kind in ("Build", "Look", "Release")}
    others = {name.replace("PRODUCTION", "STAGING"): "arn:aws:iam::111122223333:role/none" for name in roles}
    urls = {"PRODUCTION_URL": url, "STAGING_URL": "http://127.0.0.1:9", "PRODUCTION_MARKET": "SOL-USD"}
    with github_api(REVIEWERS) as api:
        around = {"PATH": f"{machine}:{os.environ['PATH']}", "GITHUB_API_URL": api, "LANG": "C.UTF-8"}
        yield Monorepo(stage, roles | others | urls, around, folder)
