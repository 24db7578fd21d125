"""What a deployment of the former template cannot bring back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.review.changes import StackChange, at, every
from release.review.comparisons import expires_sooner, less, more, other, sooner
from release.review.replacements import loses_data

_ONE_WAY: Mapping[str, tuple[tuple[str, Callable[[Any, Any], bool], str], ...]] = {
    "AWS::Logs::LogGroup": (("RetentionInDays", sooner, "log events that were deleted stay deleted"),),
    "AWS::S3::Bucket": (("LifecycleConfiguration", expires_sooner, "objects that were deleted stay deleted"),),
    "AWS::RDS::DBInstance": (
        ("BackupRetentionPeriod", less, "backups that were deleted stay deleted"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.ModifyingExisting.html
        ("AllocatedStorage", more, "a database's storage cannot be made smaller"),
        # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.Upgrading.html
        ("EngineVersion", other, "a database's version cannot be lowered: only a snapshot from before goes back"),
    ),
    "AWS::MSK::Cluster": (
        # https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-storage.html
        ("BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize", more, "volumes cannot be made smaller"),
        # https://docs.aws.amazon.com/msk/latest/developerguide/version-upgrades.html
        ("KafkaVersion", other, "a cluster's version cannot be lowered"),
    ),
}


@dataclass(frozen=True)
class Obstacle:
    """Why a resource would not be as before if the former template were deployed again."""

    subject: str
    text: str


def obstacles_of(stacks: Sequence[StackChange]) -> Iterator[Obstacle]:
    """None where deploying the former template puts everything back."""
    for change in every(stacks):
        if loses_data(change):
            yield Obstacle(change.path, "its data would not come back")
        if not change.old or not change.new:
            continue
        for path, for_good, why in _ONE_WAY.get(change.kind, ()):
            if for_good(at(change.old, path), at(change.new, path)):
                yield Obstacle(change.path, f"{why} ({path})")
