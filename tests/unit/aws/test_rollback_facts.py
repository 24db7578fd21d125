"""The facts of a rollback plan, gathered once for the machine, the watch and the command line."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from typing import Any

from release_aws.cloudformation import Stacks
from release_aws.ecr import Images
from release_aws.rollback_facts import gather_facts
from release_engine.ledger import Outcome
from release_engine.rollback_plan import Facts
from tests.unit.aws.answers import NEW, OLD, error
from tests.unit.cli.exchange import past


class CloudFormation:
    """Has the stack `exchange-test-client`, which was told to run NEW."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if StackName != "exchange-test-client":
            raise error("ValidationError", f"Stack with id {StackName} does not exist")
        parameters = [{"ParameterKey": "ImageDigest", "ParameterValue": NEW}]
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Parameters": parameters}]}


class Registry:
    """Has OLD in the repository `client`, and notes which digests it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def batch_get_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        assert repositoryName == "client"
        self.asked += [image["imageDigest"] for image in imageIds]
        return {"images": [{"imageId": image} for image in imageIds if image["imageDigest"] == OLD]}


def gather(registry: Registry, stack: str) -> Facts:
    history = [past("release-21", NEW, Outcome.FAILED), past("release-20", OLD)]
    return gather_facts(history, Stacks(CloudFormation()), Images(registry), stack=stack, repository="client")


def test_the_facts_are_what_the_stack_runs_and_which_released_images_are_there() -> None:
    registry = Registry()
    facts = gather(registry, "exchange-test-client")
    assert facts == Facts(stack_status="UPDATE_COMPLETE", stack_digest=NEW, images=frozenset({OLD}))
    assert registry.asked == [OLD], "a version that was not released well is no way back"


def test_a_stack_that_is_not_there_has_neither_status_nor_digest() -> None:
    facts = gather(Registry(), "exchange-test-nowhere")
    assert (facts.stack_status, facts.stack_digest) == (None, None)
