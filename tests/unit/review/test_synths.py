"""Where a comparison comes from: two synths and the diff engine, of which none fails in silence.

The base's tree is there while it is synthesized, and gone afterwards, however that ended.
"""

import os
import signal
from pathlib import Path

import pytest

from release.review import cdk_diff
from release.review.cdk_diff import TemplatePair, compare
from release.review.changes import DiffError
from release.review.synths import base_tree, read_assembly, synthesize
from tests.unit.review.scene import Project, new_project, resource, template

OLD, NEW = template(Logs=resource("Logs::LogGroup")), template(Alarm=resource("CloudWatch::Alarm"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Committed with one stack; in the tree, not committed, it reads otherwise."""
    made = new_project(tmp_path)
    made.stacks({"data": OLD})
    made.commit()
    made.stacks({"data": NEW})
    return made


def test_the_present_tree_is_compared_with_the_commit_uncommitted_changes_included(project: Project) -> None:
    synths = synthesize(project.folder, "HEAD", "test")
    assert (synths.base.templates, synths.head.templates) == ({"data": OLD}, {"data": NEW})
    assert synths.notes == ()
    assert len(project.worktrees()) == 1


def test_a_project_in_a_folder_of_its_repository_is_found_in_the_base_too(tmp_path: Path) -> None:
    made = new_project(tmp_path, "infrastructure")
    made.stacks({"data": OLD})
    made.commit()
    assert synthesize(made.folder, "main", "test").base.templates == {"data": OLD}


def test_other_pins_are_said_and_the_present_tools_are_used(project: Project) -> None:
    (project.folder / "requirements.txt").write_text("aws-cdk-lib==2.275.0\n")
    (note,) = synthesize(project.folder, "HEAD", "test").notes
    assert note == "not as in the base, which was synthesized with the present tools all the same: requirements.txt"


def test_an_environment_that_the_base_does_not_have_is_all_new(project: Project) -> None:
    (project.folder / "config" / "new.toml").write_text("")
    synths = synthesize(project.folder, "HEAD", "new")
    assert (synths.base.templates, synths.head.templates) == ({}, {"data": NEW})
    assert synths.notes == ("the base has no config/new.toml: every stack is new",)


def test_a_base_that_does_not_synthesize_says_so_with_what_cdk_said(project: Project) -> None:
    (project.folder / "broken").write_text("")
    project.commit()
    (project.folder / "broken").unlink()
    with pytest.raises(
        DiffError, match=r"the base HEAD does not synthesize \(test\):\nSettingsError: config/test.toml"
    ):
        synthesize(project.folder, "HEAD", "test")
    assert len(project.worktrees()) == 1


def test_a_present_tree_that_does_not_synthesize_is_told_apart(project: Project) -> None:
    (project.folder / "broken").write_text("")
    with pytest.raises(DiffError, match="the present tree does not synthesize"):
        synthesize(project.folder, "HEAD", "test")


@pytest.mark.parametrize("base", ["nowhere", "", "--all", "HEAD:config"])
def test_a_base_that_names_no_commit_is_refused(project: Project, base: str) -> None:
    with pytest.raises(DiffError, match="no commit"):
        synthesize(project.folder, base, "test")


def test_outside_of_git_there_is_no_base(tmp_path: Path) -> None:
    with pytest.raises(DiffError, match="not a git repository"):
        synthesize(tmp_path, "HEAD", "test")


def test_without_git_the_error_names_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DiffError, match="git is not installed"):
        synthesize(project.folder, "HEAD", "test")


def test_without_the_cdk_cli_the_error_says_what_installs_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "node_modules" / ".bin" / "cdk").unlink()
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    with pytest.raises(DiffError, match="`make setup` installs it"):
        synthesize(project.folder, "HEAD", "test")


def test_an_interruption_and_a_termination_leave_no_tree_behind(project: Project) -> None:
    for how in (signal.SIGINT, signal.SIGTERM):
        with pytest.raises((KeyboardInterrupt, SystemExit)), base_tree(project.folder, "HEAD") as tree:  # noqa: PT012
            assert (tree / "assembly" / "manifest.json").exists()
            signal.raise_signal(how)
        assert not tree.exists()
        assert len(project.worktrees()) == 1


def test_nobodys_hooks_run_in_the_tree_of_the_base(project: Project) -> None:
    hook = project.repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    with base_tree(project.folder, "HEAD") as tree:
        assert not (tree / "ran").exists()


def test_stacks_are_in_the_order_in_which_they_are_deployed(project: Project) -> None:
    project.stacks({"client": NEW, "data": NEW, "backend": NEW}, client=["backend"], backend=["data", "backend.assets"])
    assert list(read_assembly(project.folder / "assembly").templates) == ["data", "backend", "client"]


def test_a_folder_that_is_no_assembly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffError, match=r"manifest.json: not what `cdk synth` writes"):
        read_assembly(tmp_path)


PAIR = TemplatePair("data", template(), template(Logs=resource("Logs::LogGroup")))


def test_an_engine_that_fails_is_an_error_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "cdk_diff.mjs"
    script.write_text('throw new Error("Cannot find package @aws-cdk/cloudformation-diff");')
    monkeypatch.setattr(cdk_diff, "_SCRIPT", script)
    with pytest.raises(DiffError, match=r"the diff engine failed; `make setup`(.|\n)*Cannot find package"):
        compare([PAIR])


def test_without_node_the_error_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_diff, "_NODE", Path("/nowhere/node"))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DiffError, match="`make setup` installs Node"):
        compare([PAIR])


def test_equal_templates_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_diff, "_NODE", Path("/nowhere/node"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert compare([TemplatePair("data", PAIR.new, PAIR.new)]) == ()
