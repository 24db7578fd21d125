"""Where the schema doubts and the service's own pages do not.

CloudFormation's pages say "some interruptions" of these properties; the schema has no word for that and lists them as
replacing under conditions. RDS modifies them in place:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html#USER_ModifyInstance.Settings
"""

from dataclasses import replace

from release.review.changes import Change, Impact, PropertyChange

_MODIFIED_IN_PLACE = {
    "AWS::RDS::DBInstance": frozenset(
        {
            "AutoMinorVersionUpgrade",
            "BackupRetentionPeriod",
            "DBParameterGroupName",
            "MultiAZ",
            "PreferredMaintenanceWindow",
            "StorageType",
        }
    )
}

# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html and, of brokers, which restart
# one after the other, https://docs.aws.amazon.com/msk/latest/developerguide/msk-update-broker-type.html
_INTERRUPTING = {
    "AWS::RDS::DBInstance": frozenset({"DBInstanceClass", "EngineVersion", "AllowMajorVersionUpgrade"}),
    "AWS::ElastiCache::ReplicationGroup": frozenset({"CacheNodeType", "EngineVersion", "CacheParameterGroupName"}),
    "AWS::MSK::Cluster": frozenset({"BrokerNodeGroupInfo", "KafkaVersion", "ConfigurationInfo"}),
}


def without_needless_doubt(change: Change) -> Change:
    """An update where nothing else replaces the resource."""
    if change.impact is not Impact.MAY_REPLACE:
        return change
    properties = tuple(_property(change.kind, one) for one in change.properties)
    doubtful = any(one.impact is Impact.MAY_REPLACE for one in properties)
    return replace(change, properties=properties, impact=Impact.MAY_REPLACE if doubtful else Impact.UPDATE)


def interrupting(change: Change) -> list[str]:
    """The properties whose change may cost a moment's availability."""
    none: frozenset[str] = frozenset()
    known = _MODIFIED_IN_PLACE.get(change.kind, none) | _INTERRUPTING.get(change.kind, none)
    return [one.name for one in change.properties if one.name in known and change.impact is Impact.UPDATE]


def _property(kind: str, one: PropertyChange) -> PropertyChange:
    in_place = one.name in _MODIFIED_IN_PLACE.get(kind, frozenset())
    return replace(one, impact=Impact.UPDATE) if in_place and one.impact is Impact.MAY_REPLACE else one
