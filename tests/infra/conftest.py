"""Template validation is the largest cost of a synth: here it is off, `tests/checks` and `make synth` have it on."""

import gc
import os
from unittest.mock import patch

with patch.dict(os.environ, CDK_VALIDATION="false"):  # read once, when Node starts
    import aws_cdk  # noqa: F401


def pytest_collection_finish() -> None:
    """CDK's classes are most of what there is and stay: the garbage collector need not look at them again and again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Nor, at the end, at anything."""
    gc.freeze()
