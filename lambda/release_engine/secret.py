"""Whether the secrets that tasks refer to can be resolved, as far as can be told without reading a value.

The form of a reference: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

_ARN_PARTS = 7  # arn:aws:secretsmanager:<region>:<account>:secret:<name>; then key, stage, version, each may be empty
_STAGE = 8


@dataclass(frozen=True)
class Secret:
    """What is known of one: `trouble` is why nothing is, `stages` are the labels of its versions."""

    trouble: str = ""
    deleted: bool = False
    stages: frozenset[str] = frozenset()


def arn_of(reference: str) -> str | None:
    """The secret that a container's `valueFrom` means; None when it means something else, such as a parameter."""
    return ":".join(reference.split(":")[:_ARN_PARTS]) if ":secretsmanager:" in reference else None


def problems(found: Mapping[str, Secret]) -> list[str]:
    """By reference. A task that cannot resolve one does not start."""
    told = (_problem(reference, secret) for reference, secret in sorted(found.items()))
    return list(dict.fromkeys(problem for problem in told if problem))


def _problem(reference: str, secret: Secret) -> str | None:
    name, stage = arn_of(reference), _stage(reference)
    if secret.trouble:
        return f"secret {name} cannot be resolved: {secret.trouble}"
    if secret.deleted:
        return f"secret {name} is scheduled for deletion"
    if stage not in secret.stages:
        return f"secret {name} has no version {stage}, only {', '.join(sorted(secret.stages)) or 'none at all'}"
    return None


def _stage(reference: str) -> str:
    parts = reference.split(":")
    return (parts[_STAGE] if len(parts) > _STAGE else "") or "AWSCURRENT"
