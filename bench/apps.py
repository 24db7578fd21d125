"""Two CDK applications, synthesized by ``python -m bench.apps empty`` and ``python -m bench.apps production``."""

import json
import os
import runpy
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def empty() -> None:
    """Synthesize an empty stack: what every CDK application in this Python pays before it does anything."""
    import aws_cdk as cdk  # noqa: PLC0415 - production imports it in its own time

    app = cdk.App()
    cdk.Stack(app, "Empty")
    app.synth()


def production() -> None:
    """Run ``app.py`` itself, with the environment that the CDK command line gives it."""
    context = json.loads((_ROOT / "cdk.json").read_text())["context"]
    os.environ["CDK_CONTEXT_JSON"] = json.dumps(context | {"environment": "prod2"})
    runpy.run_path(str(_ROOT / "app.py"), run_name="__main__")


if __name__ == "__main__":
    {"empty": empty, "production": production}[sys.argv[1]]()
