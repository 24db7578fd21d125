"""Finds which stacks are not as they are described, and refuses those that take no update now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from release.review.cdk_diff import CDK_METADATA, TemplatePair
from release.review.changes import Json
from release.review.deployed import DeployedStacks, NotComparableError
from release_aws.cloudformation import Stacks

# What was never created, as the CLI sees it too: it makes such a stack anew.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_NEVER_CREATED = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

_METADATA_AVAILABLE = "CDKMetadataAvailable"


class NotDeployableError(Exception):
    """Says why nothing was deployed, and what to do."""


@dataclass(frozen=True)
class Differences:
    """Holds all stacks as they are deployed and described.

    `left` names stacks that differ and are left alone: deploying them is for a person.
    """

    pairs: tuple[TemplatePair, ...]
    left: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """List what is to be deployed, in this order."""
        return tuple(pair.name for pair in self.pairs if differs(pair))


def differences(
    templates: Mapping[str, Json], stacks: Stacks, deployed: DeployedStacks, alone: Sequence[str]
) -> Differences:
    """Compare the templates with what is deployed, stack by stack; stacks of `alone` are never to be deployed."""
    pairs = [TemplatePair(name, _deployed(name, stacks, deployed), template) for name, template in templates.items()]
    left = tuple(pair.name for pair in pairs if pair.name in alone and differs(pair))
    return Differences(tuple(pair for pair in pairs if pair.name not in alone), left)


def differs(pair: TemplatePair) -> bool:
    """Tell whether the templates differ in more than the note of which constructs were used.

    That note is not the same in every synth, and deploys nothing:
    https://docs.aws.amazon.com/cdk/v2/guide/usage-data.html
    """
    return _without_metadata(pair.old) != _without_metadata(pair.new)


def refuse_unsteady(names: Sequence[str], stacks: Stacks) -> None:
    """Raise NotDeployableError for a stack that changes now, or that could not go back: it takes no update."""
    for name in names:
        stack = stacks.describe(name)
        if stack is None or stack.status in _NEVER_CREATED:
            continue
        if stack.status.endswith("_IN_PROGRESS"):
            raise NotDeployableError(f"{name} is {stack.status}: somebody else changes it; try again when that is over")
        if stack.status.endswith("_FAILED"):
            raise NotDeployableError(f"{name} is {stack.status}: it takes no update until it is mended")


def _deployed(name: str, stacks: Stacks, deployed: DeployedStacks) -> Json | None:
    stack = stacks.describe(name)
    if stack is None or stack.status in _NEVER_CREATED:
        return None
    try:
        return deployed.template(name)
    except NotComparableError as error:
        raise NotDeployableError(f"{name} cannot be compared with what is deployed: {error}") from error


def _without_metadata(template: Json | None) -> Json | None:
    if template is None:
        return None
    resources = {id_: each for id_, each in template.get("Resources", {}).items() if each.get("Type") != CDK_METADATA}
    conditions = {name: each for name, each in template.get("Conditions", {}).items() if name != _METADATA_AVAILABLE}
    return {**template, "Resources": resources, "Conditions": conditions}
