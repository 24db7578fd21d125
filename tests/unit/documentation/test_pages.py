"""The pages hang together: no relative link leads nowhere, and the indexes name every page and say what is in it."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.documentation.markdown import ROOT, anchors, files, links, prose

PAGES = list(files(".md"))
# Below the folders that are in the repository; config/E.toml stands for the file of any environment.
NAMED = re.compile(
    r"`((?:settings|stacks|constructs|lambda|release|local_aws|rehearsal|bench|tests|docs|config)/[\w./-]+)`"
)
PLACEHOLDERS = {"config/E.toml"}


def broken(page: Path) -> list[str]:
    """Return the relative links of a page that have no target."""
    return [link for link in links(page) if not urlsplit(link).scheme and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in anchors(target.resolve()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_folder_that_a_page_names_is_there(page: Path) -> None:
    named = set(NAMED.findall(prose(page))) - PLACEHOLDERS
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('# A "title"\n\n[a](#a-title) [b](#b) [c](c.md) [d](page.md#a-title) [e](https://e.org/#e)\n')
    assert broken(page) == ["#b", "c.md"]


def test_what_a_block_of_code_shows_is_no_link(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```\n[a](a.md)\n```\n")
    assert broken(page) == []


DOCS = ROOT / "docs"
FOLDERS = (DOCS, DOCS / "decisions")


def entries(folder: Path) -> dict[str, str]:
    """Return what the index of a folder says of each page in its list."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^- \[[^\]]+\]\(([^)#]+)\): (\S.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_page_is_in_the_index_of_its_folder(folder: Path) -> None:
    pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert pages - entries(folder).keys() == set()


def test_decisions_are_numbered_without_a_gap_and_titled_by_their_numbers() -> None:
    pages = sorted(page for page in (DOCS / "decisions").glob("*.md") if page.name != "README.md")
    numbers = [int(page.name[:4]) for page in pages]
    titles = [re.match(r"# (\d+)[.:] \S", page.read_text(encoding="utf-8")) for page in pages]
    assert [int(title.group(1)) for title in titles if title] == numbers == list(range(1, len(pages) + 1))


@pytest.mark.parametrize("reader", ["newcomer", "adopt", "on call", "pull request", "contribut"])
def test_the_index_has_a_path_for_each_reader(reader: str) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    sections = {
        heading.lower(): body for heading, body in re.findall(r"^### (.+)\n((?:(?!#).*\n)+)", text, re.MULTILINE)
    }
    (path,) = [body for heading, body in sections.items() if reader in heading]
    assert len(re.findall(r"^\d+\. .*\]\(", path, re.MULTILINE)) >= 2


def test_the_readme_leads_to_the_index() -> None:
    assert "docs/README.md" in links(ROOT / "README.md")
