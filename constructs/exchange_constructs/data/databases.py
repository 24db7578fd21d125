"""PostgreSQL and Redis, and the secrets of an environment, their passwords among them."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from exchange_constructs.nag import acknowledge

_LENGTH = 64
_BY_HAND = (
    "a secret is rotated by hand, together with a release: running tasks keep the value that they started with, "
    "so that a rotation without a release would lock them out"
)


@dataclass(frozen=True)
class SecretSpec:
    """What one secret is; `username` makes it a login. People set a `given` one: its generated value is of no use."""

    description: str
    username: str | None = None
    given: bool = False


class GeneratedSecrets(Construct):
    """Secrets with generated values, encrypted with `key` and kept; no value is ever in a template."""

    def __init__(self, scope: Construct, id_: str, *, specs: Mapping[str, SecretSpec], key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.by_name = {name: self._secret(name, spec, key) for name, spec in specs.items()}
        acknowledge(self, {"AwsSolutions-SMG4": _BY_HAND, "NIST.800.53.R5-SecretsManagerRotationEnabled": _BY_HAND})

    def _secret(self, name: str, spec: SecretSpec, key: kms.IKey) -> secretsmanager.Secret:
        login = f'{{"username":"{spec.username}"}}' if spec.username else None
        return secretsmanager.Secret(
            self,
            name,
            description=spec.description,
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True,  # every program takes it, in URLs too
                password_length=_LENGTH,
                secret_string_template=login,
                generate_string_key="password" if login else None,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )


class PostgresDatabase(Construct):
    """PostgreSQL in the isolated subnets, encrypted, backed up; deletion protection refuses its replacement (F28).

    `login` has `username` and `password`.
    """

    name = "exchange"

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc: ec2.IVpc,
        login: secretsmanager.ISecret,
        key: kms.IKey,
        instance_class: str,
        storage_gb: int,
        multi_az: bool,
        backup: Duration,
        protect: bool,
    ) -> None:
        super().__init__(scope, id_)
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17_9)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="The database", allow_all_outbound=False
        )
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            engine=engine,
            parameter_group=rds.ParameterGroup(self, "Parameters", engine=engine, parameters={"rds.force_ssl": "1"}),
            instance_type=ec2.InstanceType(instance_class),
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[self.security_group],
            database_name=self.name,
            credentials=rds.Credentials.from_secret(login),
            allocated_storage=storage_gb,
            max_allocated_storage=storage_gb * 4,
            storage_type=rds.StorageType.GP3,
            storage_encrypted=True,
            storage_encryption_key=key,
            multi_az=multi_az,
            backup_retention=backup,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            iam_authentication=True,
            enable_performance_insights=True,
            performance_insight_encryption_key=key,
            monitoring_interval=Duration.minutes(1),
            cloudwatch_logs_exports=["postgresql", "upgrade"],
            deletion_protection=protect,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self._acknowledge(multi_az=multi_az, protect=protect)

    def _acknowledge(self, *, multi_az: bool, protect: bool) -> None:
        reasons = {
            "AwsSolutions-RDS11": "the port is no secret; only the services' security groups are let in",
            "NIST.800.53.R5-RDSInBackupPlan": "its own automated backups and the snapshot before each migration",
        }
        monitoring = "the managed policy of enhanced monitoring, which RDS itself asks for"
        role = "arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
        reasons[f"AwsSolutions-IAM4[Policy::{role}]"] = monitoring
        if not multi_az:
            reasons["AwsSolutions-RDS3"] = "by the settings: nobody's money depends on this environment"
            reasons["NIST.800.53.R5-RDSMultiAZSupport"] = "by the settings: nobody's money depends on this environment"
        if not protect:
            reasons["AwsSolutions-RDS10"] = "by the settings: this environment may be deleted; the data is retained"
            reasons["NIST.800.53.R5-RDSInstanceDeletionProtectionEnabled"] = reasons["AwsSolutions-RDS10"]
        acknowledge(self.instance, reasons)


PORT = 6380  # another than the usual one


class RedisCache(Construct):
    """Redis, encrypted at rest and on its way; clients must know `token`. With replicas it survives the loss of a node.

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
