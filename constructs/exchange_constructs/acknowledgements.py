"""Findings of cdk-nag that are as they should be."""

from collections.abc import Callable, Mapping

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

Finding = str | Callable[[], str]  # a name, or what finds it out when somebody asks
_noted: list[tuple[IConstruct, Finding, str]] = []


def acknowledge(scope: IConstruct, reasons: Mapping[str, str] | Mapping[Finding, str]) -> None:
    """Finding -> why a reviewer accepts it; for this construct and what it contains, never wider than needed.

    Only the rules read it, and a synth without them is not to pay for it: `hand_over` tells CDK.
    """
    for finding, reason in reasons.items():
        if isinstance(finding, str) and finding.startswith("Annotation::"):
            _tell(scope, finding, reason)  # a warning of CDK's own, which every synth prints
        else:
            _noted.append((scope, finding, reason))


def hand_over() -> None:
    """All that was acknowledged so far, to CDK: to be called before the rules run."""
    for scope, finding, reason in _noted:
        _tell(scope, finding if isinstance(finding, str) else finding(), reason)
    _noted.clear()


def _tell(scope: IConstruct, finding: str, reason: str) -> None:
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))
