"""Commands of this project, as the benchmarks run them."""

import os
import sys
from pathlib import Path

from bench.ratio import Command

ROOT = Path(__file__).resolve().parent.parent
_TOOLS = (Path(sys.executable).parent, ROOT / "node_modules" / ".bin")


def python(*arguments: str, **environment: str) -> Command:
    """This very Python with ``arguments``, at the project's root, ``environment`` added to the caller's."""
    return Command((sys.executable, *arguments), _environment(environment), str(ROOT))


def command(*arguments: str) -> Command:
    """Any command at the project's root."""
    return Command(arguments, _environment({}), str(ROOT))


def cdk(*arguments: str, **environment: str) -> Command:
    """The CDK CLI of the lock file, with this very Python for the application."""
    return Command(("cdk", *arguments, "--no-notices"), _environment(environment), str(ROOT))


def _environment(more: dict[str, str]) -> dict[str, str]:
    """Compiled Python is kept, as on a developer's machine: without it imports take three times as long."""
    path = os.pathsep.join([*map(str, _TOOLS), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PATH": path, "CDK_DISABLE_CLI_TELEMETRY": "true"} | more
