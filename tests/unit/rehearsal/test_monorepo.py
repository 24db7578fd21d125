"""The repository that a push begins in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.build import build, build_folder
from rehearsal.monorepo import Monorepo
from settings.loading import load_settings

PATHS = {name: component.path for name, component in load_settings("prod2").components.items()}


@pytest.fixture
def monorepo(tmp_path: Path) -> Monorepo:
    made = Monorepo(tmp_path / "monorepo", PATHS)
    made.write_all("1.0.0")
    return made


def suite(monorepo: Monorepo, component: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "unittest", "suite"]
    folder, environment = monorepo.path(component), {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_each_push_is_a_commit_of_the_branch(monorepo: Monorepo) -> None:
    first = monorepo.push("the exchange")
    monorepo.set_version("client", "2.0.0")
    second = monorepo.push("another client")
    listed = subprocess.run(  # noqa: S603
        ["git", "-C", str(monorepo.folder), "rev-list", "main"],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.split() == [second, first]


@pytest.mark.parametrize("component", PATHS)
def test_the_image_of_a_folder_is_that_of_this_projects_sources(monorepo: Monorepo, component: str) -> None:
    assert build_folder(monorepo.path(component), component, "a-tag").digest == build(component, "1.0.0").digest


@pytest.mark.parametrize("component", PATHS)
def test_the_components_own_suites_pass_and_can_fail(monorepo: Monorepo, component: str) -> None:
    passed = suite(monorepo, component)
    assert passed.returncode == 0, passed.stderr
    broken = {"backend": "backend/books.py", "client": "client/client/bundle.py", "engine": "engine/engine/book.py"}
    monorepo.change(
        broken[component], lambda text: text.replace("<", ">").replace('"js"', '"txt"').replace("+= 1", "+= 2")
    )
    assert suite(monorepo, component).returncode == 1


def test_what_was_broken_is_in_the_image(monorepo: Monorepo) -> None:
    monorepo.set_version("client", "2.0.0", fault="errors-for-a-fifth")
    made = build_folder(monorepo.path("client"), "client", "a-tag")
    assert made.digest == build("client", "2.0.0", fault="errors-for-a-fifth").digest
