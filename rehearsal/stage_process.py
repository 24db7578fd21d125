"""A stage in a process of its own: stage_process <folder> <environment> [pushes]. It is up until standard input ends.

A process can hold one local AWS only, and a test session already has one. The line that says how to play on the
stage begins with READY; everything else on standard output is what the CDK CLI says.
"""

import json
import sys
from pathlib import Path

from rehearsal.opening import Opened, open_stage

READY, SPEED = "READY ", 60.0


def main() -> None:
    folder, environment, pushes = Path(sys.argv[1]), sys.argv[2], "pushes" in sys.argv[3:]
    opened = Opened()
    with open_stage(environment, folder=folder, speed=SPEED, say=_say, opened=opened, pushes=pushes) as stage:
        place = {
            "aws": dict(stage.aws),
            "door": stage.door,
            "staging_door": stage.staging and stage.staging.door,
            "monorepo": stage.monorepo and str(stage.monorepo),
            "stacks": opened.stacks,
            "differing_templates": opened.differing_templates,
        }
        _say(READY + json.dumps(place))
        sys.stdin.read()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
