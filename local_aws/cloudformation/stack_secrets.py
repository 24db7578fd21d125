"""AWS::SecretsManager::Secret: `Ref` is the secret's ARN, which task definitions put into `valueFrom`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html (Return
values). Stock answers the name, and a name with a JSON key finds nothing.
"""

from typing import Any

from local_aws.clock import Clock
from local_aws.ministack_parts.services import cloudformation, secretsmanager

Record = dict[str, Any]
TYPE = "AWS::SecretsManager::Secret"


def install(_clock: Clock) -> None:
    """Wraps the type's handlers: ARN outside, name inside."""
    stock = cloudformation.handlers[TYPE]

    def create(logical_id: str, properties: Record, stack: str) -> tuple[str, Record]:
        return _by_arn(stock["create"](logical_id, properties, stack))

    def update(physical_id: str, old: Record, new: Record, stack: str, logical_id: str) -> tuple[str, Record]:
        return _by_arn(stock["update"](_name(physical_id), old, new, stack, logical_id))

    def delete(physical_id: str, properties: Record) -> None:
        stock["delete"](_name(physical_id), properties)

    cloudformation.handlers[TYPE] = stock | {"create": create, "update": update, "delete": delete}


def _by_arn(made: tuple[str, Record]) -> tuple[str, Record]:
    name, attributes = made
    return str(secretsmanager.secrets[name]["ARN"]), attributes


def _name(physical_id: str) -> str:
    named = (name for name, secret in secretsmanager.secrets.items() if secret["ARN"] == physical_id)
    return next(named, physical_id)
