"""Redis: caches and job queues."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from exchange_constructs.nag import acknowledge

PORT = 6380  # another than the usual one


class RedisCache(Construct):
    """Encrypted at rest and on its way; `token` is what a client must know. With replicas it survives a node.

    Jobs wait here, so nothing is thrown away when memory is short.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        key: kms.IKey,
        token: secretsmanager.ISecret,
        node_type: str,
        replicas: int,
    ) -> None:
        super().__init__(scope, id_)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="Redis", allow_all_outbound=False
        )
        self._group = elasticache.CfnReplicationGroup(
            self,
            "Group",
            replication_group_description="Caches and job queues",
            engine="redis",
            engine_version="7.1",
            cache_node_type=node_type,
            cache_parameter_group_name=self._parameters().ref,
            cache_subnet_group_name=self._subnets(vpc).ref,
            security_group_ids=[self.security_group.security_group_id],
            num_cache_clusters=1 + replicas,
            automatic_failover_enabled=replicas > 0,
            multi_az_enabled=replicas > 0,
            port=PORT,
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_arn,
            transit_encryption_enabled=True,
            auth_token=token.secret_value.unsafe_unwrap(),  # a reference that CloudFormation resolves
            snapshot_retention_limit=15,
            auto_minor_version_upgrade=True,
        )
        self._group.apply_removal_policy(RemovalPolicy.RETAIN)
        if not replicas:
            reason = "by the settings: nobody's money depends on this environment"
            acknowledge(self._group, {"AwsSolutions-AEC4": reason})
        self.host, self.port = self._group.attr_primary_end_point_address, self._group.attr_primary_end_point_port

    def _subnets(self, vpc: ec2.IVpc) -> elasticache.CfnSubnetGroup:
        return elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            description="The isolated subnets",
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids,
        )

    def _parameters(self) -> elasticache.CfnParameterGroup:
        return elasticache.CfnParameterGroup(
            self,
            "Parameters",
            cache_parameter_group_family="redis7",
            description="Jobs are kept",
            properties={"maxmemory-policy": "noeviction"},
        )
