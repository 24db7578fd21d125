"""The command in a project of the test's own; the diff engine is asked about each pair once."""

from pathlib import Path

import pytest

from release.infrastructure import command
from release.review import cdk_diff
from tests.unit.infrastructure.scene import Scene
from tests.unit.review.conftest import Engine
from tests.unit.review.scene import new_project


@pytest.fixture(scope="session")
def asked_once() -> Engine:
    return Engine()


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked_once: Engine) -> Scene:
    project = new_project(tmp_path / "project")
    monkeypatch.setattr(command, "ROOT", project.folder)
    monkeypatch.setattr(cdk_diff, "ask", asked_once)
    return Scene(project)
