"""Only a plain line of its own acknowledges."""

import pytest

from release.review.replacements import read_acknowledgements

PATH = "exchange-staging-data/Database/Instance"


@pytest.mark.parametrize(
    "text",
    [
        f"replaces: {PATH}",
        f"  Replaces: `{PATH}`  ",
        f"* replaces: {PATH}",
        f"- `replaces: {PATH}`",
        f"x\r\nreplaces: {PATH}\r\ny",
    ],
)
def test_a_line_of_its_own_acknowledges(text: str) -> None:
    assert read_acknowledgements(text).covers("replaces", PATH)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"this replaces: {PATH}",
        f"> replaces: {PATH}",
        f"<!-- \nreplaces: {PATH}\n-->",
        f"<!-- never closed\nreplaces: {PATH}",
        f"replaces: {PATH} and others",
        "replaces: exchange-staging-data",
        f"replaces: {PATH}/",
        f"deletes: {PATH}",
    ],
)
def test_nothing_else_does(text: str) -> None:
    assert not read_acknowledgements(text).covers("replaces", PATH)
