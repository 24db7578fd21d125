"""Finds protections of the exchange that are taken away, and what deploying the former template cannot bring back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.review.changes import GONE, Change, Finding, Risk, StackChange, all_changes, property_at
from release.review.replacements import loses_data

TOPIC = "safeguards"
_BREAKER = "DeploymentConfiguration.DeploymentCircuitBreaker"
_FOREVER = 10**6
_SHOWN = 60

_Predicate = Callable[[Any, Any], bool]  # of a property's value before and after
_Rule = tuple[str, _Predicate, str]


def _decreased(before: Any, after: Any) -> bool:
    """Compare numbers of days and the like; what cannot be compared counts as less."""
    if before == after:
        return False
    try:
        return float(after or 0) < float(before or 0)
    except (TypeError, ValueError):
        return True


def _increased(before: Any, after: Any) -> bool:
    return _decreased(after, before)


def _kept_shorter(before: Any, after: Any) -> bool:
    """Compare retentions: a log group without one keeps its events for ever.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    """
    return _decreased(_FOREVER if before is None else before, _FOREVER if after is None else after)


def _expires_sooner(before: Any, after: Any) -> bool:
    """Compare lifecycles of a bucket by the shortest time that anything is kept.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """
    return min(_days(after), default=_FOREVER) < min(_days(before), default=_FOREVER)


def _days(value: Any) -> Iterator[float]:
    if isinstance(value, list):
        for item in value:
            yield from _days(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("ExpirationInDays", "NoncurrentDays") and isinstance(item, int | float):
                yield float(item)
            else:
                yield from _days(item)


def _turned_off(before: Any, after: Any) -> bool:
    return bool(before) and not after


def _turned_on(before: Any, after: Any) -> bool:
    return bool(after) and not before


def _newly_set(before: Any, after: Any) -> bool:
    """Tell whether the new template sets the property and the old one did not; a zero is set, too."""
    return before is None and after is not None


def _changed(before: Any, after: Any) -> bool:
    return bool(before != after)


def _no_longer(value: str) -> _Predicate:
    return lambda before, after: before == value and after != value


# By type: a property's path, when its change weakens a safeguard, and what that means.
_WEAKER: Mapping[str, tuple[_Rule, ...]] = {
    "AWS::Logs::LogGroup": (("RetentionInDays", _kept_shorter, "older log events are deleted"),),
    "AWS::RDS::DBInstance": (
        ("BackupRetentionPeriod", _decreased, "older backups are deleted"),
        ("DeletionProtection", _turned_off, "the database can be deleted, with its data, by one call or stack update"),
        ("MultiAZ", _turned_off, "no standby takes over"),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        ("SnapshotRetentionLimit", _decreased, "older snapshots are deleted"),
        ("AutomaticFailoverEnabled", _turned_off, "no replica takes over"),
        ("TransitEncryptionEnabled", _turned_off, "traffic is no longer encrypted"),
    ),
    "AWS::DynamoDB::Table": (
        ("DeletionProtectionEnabled", _turned_off, "the table can be deleted"),
        (
            "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            _turned_off,
            "nothing restores it to a point in time",
        ),
    ),
    "AWS::ECR::Repository": (
        ("ImageTagMutability", _no_longer("IMMUTABLE"), "a tag can come to mean another image"),
        ("LifecyclePolicy", _changed, "other images expire, and one of them may be what a rollback needs"),
    ),
    "AWS::S3::Bucket": (
        ("VersioningConfiguration.Status", _no_longer("Enabled"), "what is overwritten is lost"),
        ("LifecycleConfiguration", _expires_sooner, "older objects are deleted"),
    ),
    "AWS::KMS::Key": (("EnableKeyRotation", _turned_off, "the key is no longer rotated"),),
    "AWS::ElasticLoadBalancingV2::Listener": (("Certificates", _turned_off, "users come in by plain HTTP"),),
    "AWS::ElasticLoadBalancingV2::ListenerRule": (
        (
            "Actions",
            _changed,
            "CloudFormation sets the traffic weights anew and overwrites those that ECS has set while it deploys",
        ),
        (
            "Conditions",
            _changed,
            "CloudFormation updates the rule and may overwrite the traffic weights that ECS has set while it deploys",
        ),
    ),
    "AWS::CodePipeline::Pipeline": (
        ("ExecutionMode", _no_longer("QUEUED"), "a later commit may overtake one that is on its way"),
    ),
    "AWS::ECS::Service": (
        (f"{_BREAKER}.Enable", _turned_off, "ECS no longer undoes a version that does not start"),
        (f"{_BREAKER}.ResetOnHealthyTask", _turned_on, "ECS no longer undoes a version that crashes some time later"),
        ("DeploymentConfiguration.LifecycleHooks", _turned_off, "the gate is not asked before users are"),
        ("DeploymentConfiguration.Alarms.Enable", _turned_off, "alarms do not stop a deployment"),
        ("DesiredCount", _newly_set, "every deployment sets the number of tasks back to that of the template"),
    ),
}

_GUARDS = {
    "AWS::CloudWatch::Alarm": "an alarm that judges releases or wakes somebody",
    "AWS::WAFv2::WebACLAssociation": "the firewall in front of the load balancer",
    "AWS::EC2::FlowLog": "the record of the network's traffic",
}
_KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")

# By type: a property's path, when its change cannot be undone, and why.
_ONE_WAY: Mapping[str, tuple[_Rule, ...]] = {
    "AWS::Logs::LogGroup": (("RetentionInDays", _kept_shorter, "log events that were deleted stay deleted"),),
    "AWS::S3::Bucket": (("LifecycleConfiguration", _expires_sooner, "objects that were deleted stay deleted"),),
    "AWS::RDS::DBInstance": (
        ("BackupRetentionPeriod", _decreased, "backups that were deleted stay deleted"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
        ("AllocatedStorage", _increased, "a database's storage cannot be made smaller"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
        ("EngineVersion", _changed, "a database's version cannot be lowered: only a snapshot from before goes back"),
    ),
    "AWS::MSK::Cluster": (
        # https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-storage.html
        ("BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize", _increased, "volumes cannot be made smaller"),
        # https://docs.aws.amazon.com/msk/latest/developerguide/version-upgrades.html
        ("KafkaVersion", _changed, "a cluster's version cannot be lowered"),
    ),
}


@dataclass(frozen=True)
class Obstacle:
    """Says why a resource would not be as before if the former template were deployed again."""

    subject: str
    text: str


def safeguard_findings(stacks: Sequence[StackChange]) -> Iterator[Finding]:
    """Find each protection that gets weaker."""
    for change in all_changes(stacks):
        for text in _weaker(change):
            yield Finding(Risk.LOOK, TOPIC, change.path, text)


def obstacles_of(stacks: Sequence[StackChange]) -> Iterator[Obstacle]:
    """Find what is in the way of going back; nothing where deploying the former template puts everything back."""
    for change in all_changes(stacks):
        if loses_data(change):
            yield Obstacle(change.path, "its data would not come back")
        yield from (Obstacle(change.path, f"{why} ({path})") for path, why, _, _ in _matching(change, _ONE_WAY))


def _weaker(change: Change) -> Iterator[str]:
    if change.impact in GONE and change.kind in _GUARDS:
        yield f"{_GUARDS[change.kind]} is gone"
    for path, effect, before, after in _matching(change, _WEAKER):
        yield f"{effect}: {path} {_shown(before)} -> {_shown(after)}"
    if not change.old or not change.new:
        return
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        if change.old.get(policy) in _KEEPING and change.new.get(policy) not in _KEEPING:
            yield f"{policy} no longer keeps the resource"


def _matching(change: Change, rules: Mapping[str, tuple[_Rule, ...]]) -> Iterator[tuple[str, str, Any, Any]]:
    """Iterate over path, meaning, former and new value of the properties to which a rule applies."""
    if not change.old or not change.new:
        return
    for path, applies, meaning in rules.get(change.kind, ()):
        before, after = property_at(change.old, path), property_at(change.new, path)
        if applies(before, after):
            yield path, meaning, before, after


def _shown(value: Any) -> str:
    if value is None:
        return "unset"
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
