"""An ECS service as preflight finds it."""

from collections.abc import Iterable
from dataclasses import dataclass

from release_engine.timeouts import Replacement


@dataclass(frozen=True)
class ServiceSetup:
    """`under_way` is the status of a service deployment that is not over; `rule` sends users to the service.

    `serving` is the target group of the revision that runs, None while ECS does not name exactly one.
    """

    service: str
    definition: str
    replacement: Replacement
    under_way: str | None = None
    rule: str | None = None
    serving: str | None = None


def deployments_under_way(setups: Iterable[ServiceSetup]) -> list[str]:
    """Two deployments of one service at once end in neither; somebody may have started one by hand."""
    return [f"{one.service}: an ECS deployment is {one.under_way}" for one in setups if one.under_way]
