"""Template validation is the largest cost of a synth: here it is off, `tests/checks` and `make synth` have it on."""

import os
from unittest.mock import patch

with patch.dict(os.environ, CDK_VALIDATION="false"):  # read once, when Node starts
    import aws_cdk  # noqa: F401
