"""PostgreSQL."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from exchange_constructs.nag import acknowledge


class PostgresDatabase(Construct):
    """In the isolated subnets, encrypted, backed up; what would replace it is refused by deletion protection (F28).

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
