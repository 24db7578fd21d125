"""``python -m bench.template_differences BASE [HEAD]`` tells which templates a change of the code has changed.

Both are folders as `make synth` leaves them, with one assembly for each environment; HEAD is `cdk.out`. For the base:
``git worktree add ../base COMMIT && make -C ../base synth``, then ``../base/cdk.out``.

A change that moves code without changing behaviour leaves every template as it was, but for the hash of the Lambda
asset and the names of the handlers' modules: both are masked. Exit code 1 when anything else differs.
"""

import difflib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_SUFFIX = ".template.json"
_MASKS = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<asset>"),
    (re.compile(r'"(?:release_handlers|custom_resources)\.[\w.]+"'), '"<handler>"'),
)


def templates(folder: Path) -> Mapping[str, str]:
    """Return the text of each template below the folder, by environment and stack, with the masks applied."""
    files = sorted(folder.glob(f"*/*{_SUFFIX}"))
    if not files:
        raise SystemExit(f"{folder}: has no */*{_SUFFIX}; `make synth` writes them")
    return {f"{file.parent.name}/{file.name.removesuffix(_SUFFIX)}": _masked(file) for file in files}


def differences(base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff of each stack that differs, or exists on one side alone."""
    for stack in sorted(base.keys() | head.keys()):
        before, after = (side.get(stack, "").splitlines() for side in (base, head))
        yield from difflib.unified_diff(before, after, f"base {stack}", f"head {stack}", n=2, lineterm="")


def main(base: str, head: str = "cdk.out") -> int:
    """Print what differs, or how many templates were compared."""
    before, after = templates(Path(base)), templates(Path(head))
    lines = list(differences(before, after))
    print("\n".join(lines) or f"{len(after)} templates, no difference")
    return 1 if lines else 0


def _masked(file: Path) -> str:
    text = json.dumps(json.loads(file.read_text(encoding="utf-8")), indent=1, sort_keys=True)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
