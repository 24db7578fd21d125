"""What `cdk synth` writes: the templates of an environment, in the order in which they are deployed.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from release.review.changes import Json
from release.review.errors import DiffError

_STACK = "aws:cloudformation:stack"


@dataclass(frozen=True)
class Assembly:
    """Templates by the name of their stack; none where an environment is not there."""

    templates: Mapping[str, Json] = field(default_factory=dict)


def read_assembly(folder: Path) -> Assembly:
    """The folder that `cdk synth --output` was given."""
    manifest = folder / "manifest.json"
    try:
        artifacts = json.loads(manifest.read_text(encoding="utf-8"))["artifacts"]
        stacks = {id_: one for id_, one in artifacts.items() if one["type"] == _STACK}
        names = {id_: one["properties"].get("stackName", id_) for id_, one in stacks.items()}
        return Assembly({names[id_]: _template(folder, stacks[id_]) for id_ in _in_order(stacks)})
    except (OSError, ValueError, KeyError) as error:
        raise DiffError(f"{manifest}: not what `cdk synth` writes ({error!r})") from error


def _template(folder: Path, stack: Json) -> Json:
    file = folder / stack["properties"]["templateFile"]
    template: Json = json.loads(file.read_text(encoding="utf-8"))
    return template


def _in_order(stacks: Mapping[str, Json]) -> Iterator[str]:
    """A stack after those that it depends on, else in the order in which the application makes them."""
    done: dict[str, None] = {}

    def visit(id_: str) -> None:
        if id_ in done or id_ not in stacks:
            return
        for other in stacks[id_].get("dependencies", []):
            visit(other)
        done[id_] = None

    for id_ in stacks:
        visit(id_)
    return iter(done)
