"""`version`: one content, one version, whatever the commit; in a git repository of the test's own."""

import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from release.app import app
from release.cli_context import CliContext
from release.images.content import compiled_glob
from tests.unit.git_checkout import commit, git

FILES = {
    "Gemfile": "source",
    "app/order.rb": "class Order",
    "bin/web": "exec",
    "docs/how.md": "how",
    "client/page.js": "page",
    "client/docs/look.md": "look",
    "engine/Main.java": "class Main",
}


@dataclass(frozen=True)
class Monorepo:
    """`folder` is its root."""

    folder: Path

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self) -> None:
        commit(self.folder)


def new_monorepo(folder: Path) -> Monorepo:
    """Committed once."""
    folder.mkdir()
    made = Monorepo(folder)
    git(folder, "init", "--quiet")
    for path, text in FILES.items():
        made.write(path, text)
    made.commit()
    return made


FOLDERS = {"backend": ".", "client": "client", "engine": "engine"}
Versions = dict[str, str]


@pytest.fixture
def monorepo(tmp_path: Path) -> Monorepo:
    return new_monorepo(tmp_path / "monorepo")


def run(source: Path, component: str, *ignored: str, chain: tuple[str, ...] = tuple(FOLDERS)) -> Result:
    settings: Any = SimpleNamespace(
        chain=chain,
        components={name: SimpleNamespace(path=folder) for name, folder in FOLDERS.items()},
        pipeline=SimpleNamespace(ignored_paths=ignored),
    )
    context = CliContext(settings_of=lambda _environment: settings)
    arguments = ["-e", "test", "version", component, "--source", str(source)]
    return CliRunner().invoke(app, arguments, obj=context, catch_exceptions=False)


def versions(monorepo: Monorepo, *ignored: str) -> Versions:
    found = {component: run(monorepo.folder, component, *ignored) for component in FOLDERS}
    assert [one.exit_code for one in found.values()] == [0, 0, 0]
    return {component: one.stdout.strip() for component, one in found.items()}


def changed(before: Versions, after: Versions) -> list[str]:
    return [component for component in FOLDERS if before[component] != after[component]]


def refusal(source: Path, component: str = "client") -> str:
    result = run(source, component)
    assert (result.exit_code, result.stdout) == (2, "")
    return " ".join(result.stderr.split())


def test_a_version_is_forty_hexadecimal_digits_and_each_component_has_its_own(monorepo: Monorepo) -> None:
    found = versions(monorepo)
    assert [one for one in found.values() if not re.fullmatch("[0-9a-f]{40}", one)] == []
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("path", "whose"),
    [("client/page.js", "client"), ("engine/Main.java", "engine"), ("app/order.rb", "backend"), ("clients", "backend")],
)
def test_a_change_in_one_folder_is_a_new_version_of_its_component_alone(
    monorepo: Monorepo, path: str, whose: str
) -> None:
    before = versions(monorepo)
    monorepo.write(path, "other")
    monorepo.commit()
    assert changed(before, versions(monorepo)) == [whose]


def test_the_same_content_in_another_commit_is_the_same_version(monorepo: Monorepo, tmp_path: Path) -> None:
    before = versions(monorepo)
    monorepo.write("client/page.js", "other")
    monorepo.commit()
    monorepo.write("client/page.js", "page")
    monorepo.commit()
    assert versions(monorepo) == before
    assert versions(new_monorepo(tmp_path / "another")) == before


def test_a_mode_and_a_name_count_too(monorepo: Monorepo) -> None:
    before = versions(monorepo)
    git(monorepo.folder, "mv", "client/page.js", "client/start.js")
    (monorepo.folder / "bin" / "web").chmod(0o755)
    monorepo.commit()
    assert changed(before, versions(monorepo)) == ["backend", "client"]


def test_a_component_that_moves_as_a_whole_keeps_its_version(
    monorepo: Monorepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions(monorepo)
    git(monorepo.folder, "mv", "client", "web")
    monorepo.commit()
    monkeypatch.setitem(FOLDERS, "client", "./web/")
    assert versions(monorepo) == before


def test_ignored_paths_make_no_new_version(monorepo: Monorepo) -> None:
    before, all_count = versions(monorepo, "docs/**", "**/*.md"), versions(monorepo)
    monorepo.write("docs/how.md", "otherwise")
    monorepo.write("client/docs/look.md", "otherwise")
    monorepo.commit()
    assert versions(monorepo, "docs/**", "**/*.md") == before
    assert changed(all_count, versions(monorepo)) == ["backend", "client"]


@pytest.mark.parametrize("path", ["client/page.js", "client/unknown.js"])
def test_what_is_not_committed_is_refused_where_it_would_be_built(monorepo: Monorepo, path: str) -> None:
    monorepo.write(path, "other")
    assert f"not committed in {monorepo.folder}: {path}; a version names what is committed" in refusal(monorepo.folder)
    assert run(monorepo.folder, "engine").exit_code == 0


def test_of_many_that_are_not_committed_three_are_named(monorepo: Monorepo) -> None:
    for number in range(5):
        monorepo.write(f"client/{number}.js", "new")
    assert "client/0.js, client/1.js, client/2.js and 2 more;" in refusal(monorepo.folder)


def test_a_folder_without_the_component_is_refused(monorepo: Monorepo) -> None:
    git(monorepo.folder, "rm", "-r", "--quiet", "client")
    monorepo.commit()
    assert f"client has no file in HEAD of {monorepo.folder}: its folder there is 'client'" in refusal(monorepo.folder)


def test_what_is_no_checkout_is_refused(monorepo: Monorepo, tmp_path: Path) -> None:
    assert "not a git repository" in refusal(tmp_path)
    assert "No such file or directory" in refusal(tmp_path / "nowhere")
    assert "is the folder 'client/' of a checkout: --source takes its root" in refusal(monorepo.folder / "client")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert "is no git checkout with a commit" in refusal(tmp_path)


def test_without_git_it_says_so(monorepo: Monorepo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not installed" in refusal(monorepo.folder)


def test_only_components_of_the_chain_have_versions(monorepo: Monorepo) -> None:
    result = run(monorepo.folder, "kafka")
    assert (result.exit_code, "unknown component 'kafka'" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("pattern", "matches", "does_not"),
    [
        ("docs/*", ["docs/a.md", "docs/.a"], ["docs/b/a.md", "docs", "xdocs/a.md"]),
        ("docs/**", ["docs/a.md", "docs/b/a.md"], ["docs", "client/docs/a.md"]),
        ("**/*.md", ["docs/a.md", "a/b/c.md"], ["a.md", "a/b.mdx"]),
        ("a?.md", ["ab.md"], ["a.md", "a/.md", "abc.md"]),
        ("[a-c]x.{md,txt}", ["ax.md", "cx.txt"], ["dx.md", "ax.mdtxt"]),
        ("[!a].md", ["b.md"], ["a.md", "/.md"]),
        (r"\*.md", ["*.md"], ["a.md"]),
        ("a+b,c}.md", ["a+b,c}.md"], ["aab,c}.md"]),
    ],
)
def test_patterns_mean_what_they_mean_to_codepipeline(pattern: str, matches: list[str], does_not: list[str]) -> None:
    """https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html"""
    found = [path for path in (*matches, *does_not) if compiled_glob(pattern).fullmatch(path)]
    assert found == matches


def test_a_brace_that_is_not_closed_is_refused() -> None:
    with pytest.raises(ValueError, match="a brace is not closed"):
        compiled_glob("{a,b")
