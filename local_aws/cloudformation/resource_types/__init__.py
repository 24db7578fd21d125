"""CloudFormation types that ministack lacks: real where it has the service's API, else record-only with a reason."""

from local_aws.clock import Clock
from local_aws.cloudformation.resource_types import application_autoscaling, ec2, record_only, stock_services
from local_aws.ministack_parts.services import cloudformation

__all__ = ["install", "known"]


def install(_clock: Clock) -> None:
    """Add the resource types to ministack's table."""
    for service in (ec2, application_autoscaling, stock_services, record_only):
        service.install()


def known() -> frozenset[str]:
    """Return every resource type that a stack may name here."""
    return frozenset(cloudformation.handlers)
