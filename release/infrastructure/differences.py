"""Which stacks are not as they are described, and in which state CloudFormation has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.infrastructure.errors import NotDeployableError
from release.review.changes import Json
from release.review.deployed import Deployed, NotToldError
from release.review.engine import NOTE, Pair
from release_aws.cloudformation import Stacks

# What was never created, as the CLI sees it too: it makes such a stack anew.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_NEVER_CREATED = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

_NOTE_AVAILABLE = "CDKMetadataAvailable"


@dataclass(frozen=True)
class Differences:
    """`pairs` are all stacks but those that are `left` alone: names of such that differ, and are for a person."""

    pairs: tuple[Pair, ...]
    left: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What is to be deployed, in this order."""
        return tuple(pair.name for pair in self.pairs if differs(pair))


def differences(templates: Mapping[str, Json], stacks: Stacks, deployed: Deployed, alone: Sequence[str]) -> Differences:
    """Against what is deployed, stack by stack."""
    pairs = [Pair(name, _deployed(name, stacks, deployed), template) for name, template in templates.items()]
    left = tuple(pair.name for pair in pairs if pair.name in alone and differs(pair))
    return Differences(tuple(pair for pair in pairs if pair.name not in alone), left)


def differs(pair: Pair) -> bool:
    """But for the note of which constructs were used, which is not the same in every synth, and deploys nothing."""
    return _without_note(pair.old) != _without_note(pair.new)


def refuse_unsteady(names: Sequence[str], stacks: Stacks) -> None:
    """A stack that changes now, or that could not go back, takes no update."""
    for name in names:
        stack = stacks.describe(name)
        if stack is None or stack.status in _NEVER_CREATED:
            continue
        if stack.status.endswith("_IN_PROGRESS"):
            raise NotDeployableError(f"{name} is {stack.status}: somebody else changes it; try again when that is over")
        if stack.status.endswith("_FAILED"):
            raise NotDeployableError(f"{name} is {stack.status}: it takes no update until it is mended")


def _deployed(name: str, stacks: Stacks, deployed: Deployed) -> Json | None:
    stack = stacks.describe(name)
    if stack is None or stack.status in _NEVER_CREATED:
        return None
    try:
        return deployed.template(name)
    except NotToldError as error:
        raise NotDeployableError(f"{name} cannot be compared with what is deployed: {error}") from error


def _without_note(template: Json | None) -> Json | None:
    """https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html"""
    if template is None:
        return None
    resources = {id_: one for id_, one in template.get("Resources", {}).items() if one.get("Type") != NOTE}
    conditions = {name: one for name, one in template.get("Conditions", {}).items() if name != _NOTE_AVAILABLE}
    return {**template, "Resources": resources, "Conditions": conditions}
