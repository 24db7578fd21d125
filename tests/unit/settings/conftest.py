"""The shipped config, to be written differently."""

from pathlib import Path

import pytest

from tests.unit.settings.written import Written


@pytest.fixture
def config(tmp_path: Path) -> Written:
    """As it is shipped."""
    return Written(tmp_path)
