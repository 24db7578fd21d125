"""Commands of this project, as the benchmarks run them."""

import os
import sys
from pathlib import Path

from bench.ratio import Command

ROOT = Path(__file__).resolve().parent.parent


def python(*arguments: str, **environment: str) -> Command:
    """This very Python with ``arguments``, at the project's root, ``environment`` added to the caller's."""
    return Command((sys.executable, *arguments), {**os.environ, **environment}, str(ROOT))
