"""What protects the exchange and is taken away. F and a number: how it went wrong elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from release.review.changes import GONE, Change, StackChange, at, every
from release.review.comparisons import expires_sooner, leaves, less, newly_said, off, on, other, sooner
from release.review.findings import Finding, Risk

TOPIC = "safeguards"
_BREAKER = "DeploymentConfiguration.DeploymentCircuitBreaker"
_Rule = tuple[str, Callable[[Any, Any], bool], str]

_WEAKER: Mapping[str, tuple[_Rule, ...]] = {
    "AWS::Logs::LogGroup": (("RetentionInDays", sooner, "older log events are deleted"),),
    "AWS::RDS::DBInstance": (
        ("BackupRetentionPeriod", less, "older backups are deleted"),
        ("DeletionProtection", off, "the database can be deleted (F28)"),
        ("MultiAZ", off, "no standby takes over"),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        ("SnapshotRetentionLimit", less, "older snapshots are deleted"),
        ("AutomaticFailoverEnabled", off, "no replica takes over"),
        ("TransitEncryptionEnabled", off, "traffic is no longer encrypted"),
    ),
    "AWS::DynamoDB::Table": (
        ("DeletionProtectionEnabled", off, "the table can be deleted"),
        ("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", off, "nothing restores it to a point in time"),
    ),
    "AWS::ECR::Repository": (
        ("ImageTagMutability", leaves("IMMUTABLE"), "a tag can come to mean another image (F7)"),
        ("LifecyclePolicy", other, "other images expire, and one of them may be what a rollback needs (F8)"),
    ),
    "AWS::S3::Bucket": (
        ("VersioningConfiguration.Status", leaves("Enabled"), "what is overwritten is lost"),
        ("LifecycleConfiguration", expires_sooner, "older objects are deleted"),
    ),
    "AWS::KMS::Key": (("EnableKeyRotation", off, "the key is no longer rotated"),),
    "AWS::ElasticLoadBalancingV2::Listener": (("Certificates", off, "users come in by plain HTTP"),),
    "AWS::ElasticLoadBalancingV2::ListenerRule": (
        ("Actions", other, "the weights that ECS has set are set anew, by hand of CloudFormation (F15)"),
        ("Conditions", other, "the weights that ECS has set may be set anew with it (F15)"),
    ),
    "AWS::CodePipeline::Pipeline": (("ExecutionMode", leaves("QUEUED"), "a later commit may overtake (F20)"),),
    "AWS::ECS::Service": (
        (f"{_BREAKER}.Enable", off, "what does not start is not undone (F2)"),
        (
            "DeploymentConfiguration.DeploymentCircuitBreaker.ResetOnHealthyTask",
            on,
            "what crashes late is not undone (F3)",
        ),
        ("DeploymentConfiguration.LifecycleHooks", off, "the gate is not asked before users are"),
        ("DeploymentConfiguration.Alarms.Enable", off, "alarms do not stop a deployment"),
        ("DesiredCount", newly_said, "every deployment sets the number of tasks back (F6)"),
    ),
}

_GUARDS = {
    "AWS::CloudWatch::Alarm": "an alarm that judges releases or wakes somebody",
    "AWS::WAFv2::WebACLAssociation": "the firewall in front of the load balancer",
    "AWS::EC2::FlowLog": "the record of the network's traffic",
}
_KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")


def safeguard_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """One for each protection that gets weaker."""
    for change in every(stacks):
        for text in _weaker(change):
            yield Finding(Risk.LOOK, TOPIC, change.path, text)


def _weaker(change: Change) -> Iterator[str]:
    if change.impact in GONE and change.kind in _GUARDS:
        yield f"{_GUARDS[change.kind]} is gone"
    if not change.old or not change.new:
        return
    for path, weaker, what in _WEAKER.get(change.kind, ()):
        before, after = at(change.old, path), at(change.new, path)
        if weaker(before, after):
            yield f"{what}: {path} {_said(before)} -> {_said(after)}"
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if change.old.get(policy) in _KEEPING and change.new.get(policy) not in _KEEPING:
            yield f"{policy} no longer keeps the resource"


def _said(value: Any) -> str:
    if value is None:
        return "unset"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
