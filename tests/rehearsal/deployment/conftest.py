"""One deployed staging for the tests of this folder."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.stages import set_stage


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with set_stage("staging", tmp_path_factory.mktemp("staging")) as found:
        yield found
