"""No relative link of any Markdown file leads nowhere, neither to a file nor to a heading in it."""

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
