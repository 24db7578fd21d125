"""Gathers the facts of a rollback plan, for the release machine, the watch and the command line alike."""

from collections.abc import Sequence

from release_aws.cloudformation import Stacks
from release_aws.ecr import Images
from release_engine.ledger import Outcome, Release
from release_engine.rollback_plan import Facts


def gather_facts(history: Sequence[Release], stacks: Stacks, images: Images, *, stack: str, repository: str) -> Facts:
    """Ask CloudFormation what the stack was last told to run, and the registry which released digests it still has.

    `history` holds the component's releases in the ledger; `stack` and `repository` are names.
    """
    described = stacks.describe(stack)
    digests = {release.digest for release in history if release.outcome is Outcome.RELEASED}
    return Facts(
        stack_status=described.status if described else None,
        stack_digest=described.digest if described else None,
        images=images.present(repository, digests),
    )
