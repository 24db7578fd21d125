"""What is deployed together, a stack a file. This is the one place that sets the import roots of the project."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

for _root in (ROOT / "lambda", ROOT / "constructs"):
    if str(_root) not in sys.path:
        sys.path.insert(0, str(_root))
