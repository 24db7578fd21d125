"""The code of the functions: the folder `lambda/`, and with it what the functions know before they are deployed."""

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import aws_lambda as lambda_

_LAMBDA = Path(__file__).resolve().parents[3] / "lambda"
_COMPONENTS = "components.json"  # read by release_handlers


def code() -> lambda_.Code:
    """Return the folder as it is, for functions that know nothing of the components."""
    return lambda_.Code.from_asset(str(_LAMBDA), exclude=["**/__pycache__"])


def code_with(components: Mapping[str, Any]) -> lambda_.Code:
    """Return the folder with `components.json` in it.

    All environment variables of a function have 4 KB, which a few components fill; a file of the asset has no limit
    that counts. The asset's hash is one of the contents, wherever they lay.
    """
    folder = Path(_staging().name) / str(len(list(Path(_staging().name).iterdir())))
    shutil.copytree(_LAMBDA, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / _COMPONENTS).write_text(json.dumps(components, indent=1), encoding="utf-8")
    return lambda_.Code.from_asset(str(folder))


@cache
def _staging() -> TemporaryDirectory[str]:
    """Return this process's folder for assets in the making; it is gone when the process ends."""
    return TemporaryDirectory(prefix="release-functions-")
