"""`python -m release diff`, from what is typed to the exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release.review import diff as diff_module
from tests.unit.cli.exchange import Exchange
from tests.unit.review.cases import LEDGER, LONGER, MANY, NO_TABLE, SHORTENED, SHORTER
from tests.unit.review.scene import FakeCloudFormation, Project, new_project

Diff = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = new_project(tmp_path / "project")
    made.stacks({"data": LEDGER})
    made.commit()
    monkeypatch.setattr(diff_module, "ROOT", made.folder)
    return made


@pytest.fixture
def aws() -> FakeCloudFormation:
    return FakeCloudFormation()


@pytest.fixture
def diff(project: Project, aws: FakeCloudFormation, engine_of_the_session: None) -> Diff:
    settings = Exchange().settings

    def clients(_region: str) -> Callable[[str], Any]:
        return lambda service: {"cloudformation": aws}[service]

    context = CliContext(settings_of=lambda _: settings, clients_in=clients, pause=lambda _: None)

    def diff(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["-e", "test", "diff", *arguments], obj=context, catch_exceptions=False)

    return diff


def test_an_unchanged_tree_ends_with_0_and_an_empty_comment(project: Project, diff: Diff) -> None:
    comment = project.repository.parent / "out" / "comment.md"
    result = diff("--base", "HEAD", "--markdown", str(comment))
    assert (result.exit_code, result.stdout) == (0, "test against HEAD: nothing changes\n")
    assert comment.read_text() == ""


def test_what_needs_a_look_ends_with_2_and_is_written_as_it_is_shown(project: Project, diff: Diff) -> None:
    project.stacks({"data": SHORTER})
    comment, document = (project.repository.parent / name for name in ("comment.md", "diff.json"))
    result = diff("--base", "main", "--markdown", str(comment), "--json", str(document))
    assert result.exit_code == 2
    assert "older log events are deleted" in result.stdout
    assert "older log events are deleted" in comment.read_text()
    assert json.loads(document.read_text())["verdict"] == "LOOK"


def test_lost_data_ends_with_3_until_the_description_names_it(project: Project, diff: Diff) -> None:
    project.stacks({"data": NO_TABLE})
    assert diff("--base", "HEAD").exit_code == 3
    description = project.repository.parent / "description.md"
    description.write_text("deletes: data/Table\n")
    assert diff("--base", "HEAD", "--description", str(description)).exit_code == 2


def test_f32_a_comment_that_was_cut_has_its_whole_text_beside_it(project: Project, diff: Diff) -> None:
    comment, whole = (project.repository.parent / name for name in ("comment.md", "comment.full.md"))
    project.stacks({"data": MANY})
    diff("--base", "HEAD", "--markdown", str(comment))
    assert len(comment.read_text()) <= 60_000 < len(whole.read_text())
    project.stacks({"data": SHORTER})
    diff("--base", "HEAD", "--markdown", str(comment))
    assert not whole.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Missing option"),
        (("--base",), "requires an argument"),
        (("--base", "HEAD", "--execute"), "No such option"),
        (("--base", "nowhere"), "there is no commit 'nowhere'"),
        (("--base", "HEAD", "--description", "/nowhere"), "--description /nowhere cannot be read"),
        (("--base", "HEAD", "--json", "/dev/null/x"), "cannot be written"),
    ],
)
def test_what_is_no_verdict_ends_with_1(diff: Diff, arguments: tuple[str, ...], says: str) -> None:
    result = diff(*arguments)
    assert (result.exit_code, says in " ".join(result.stderr.split())) == (1, True), result.stderr


def test_a_change_set_is_made_against_what_is_deployed_and_deleted(
    project: Project, diff: Diff, aws: FakeCloudFormation
) -> None:
    aws.templates = {"data": LONGER}
    project.stacks({"data": SHORTER, "new": LEDGER})
    aws.answers = [{"Status": "CREATE_COMPLETE", **SHORTENED}]
    result = diff("--base", "HEAD", "--change-set")
    assert "RetentionInDays 400 -> 30" in result.stdout
    assert [one["StackName"] for one in aws.made] == ["data"]
    assert not aws.open


def test_without_the_permission_for_change_sets_templates_are_compared_and_that_is_said(
    project: Project, diff: Diff, aws: FakeCloudFormation
) -> None:
    aws.templates, aws.denied = {"data": LEDGER}, ("CreateChangeSet",)
    project.stacks({"data": SHORTER})
    result = diff("--base", "HEAD", "--change-set")
    assert result.exit_code == 2
    assert "note: data: no change set: the credentials do not allow it" in result.stdout


def test_drift_is_looked_for_in_the_stacks_that_change(project: Project, diff: Diff, aws: FakeCloudFormation) -> None:
    aws.templates = {"data": LEDGER}
    aws.drifts = [{"StackResourceDrifts": [{"LogicalResourceId": "Table", "StackResourceDriftStatus": "DELETED"}]}]
    project.stacks({"data": LONGER})
    result = diff("--base", "HEAD", "--drift")
    assert result.exit_code == 2
    assert "DELETED outside of CloudFormation" in result.stdout


def test_without_credentials_there_is_no_verdict(project: Project, diff: Diff, aws: FakeCloudFormation) -> None:
    def get_template(**_: object) -> None:
        raise NoCredentialsError

    aws.get_template = get_template  # type: ignore[method-assign, assignment]
    project.stacks({"data": SHORTER})
    result = diff("--base", "HEAD", "--change-set")
    assert (result.exit_code, "no AWS credentials" in result.stderr) == (1, True)
