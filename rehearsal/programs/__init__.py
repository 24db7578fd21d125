"""Programs that a machine of AWS or GitHub has and this one may lack, and what stands in for them.

docker   docker_program.py: builds the stand-in exchange, pushes by the API of ECR
"""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("docker",)


def write(folder: Path) -> None:
    """Write them into a folder: first in PATH, they are what is called by these names."""
    for name in NAMES:
        program = shlex.quote(str(Path(__file__).with_name(f"{name}_program.py")))
        file = folder / name
        begun = f"PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} {program}"
        file.write_text(f'#!/bin/sh\n{begun} "$@"\n', encoding="utf-8")
        file.chmod(0o755)
