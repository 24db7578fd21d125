"""Stand-ins for programs that a machine of AWS or GitHub has and this one may lack.

docker   docker_program.py builds the stand-in exchange and pushes by the API of ECR
"""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("docker",)


def write(folder: Path) -> None:
    """Write the stand-ins into a folder, which is to come first in PATH."""
    for name in NAMES:
        program = shlex.quote(str(Path(__file__).with_name(f"{name}_program.py")))
        file = folder / name
        command = f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} {program}"
        file.write_text(f'#!/bin/sh\n{command} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
