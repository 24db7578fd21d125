"""What a broker on ECS keeps."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from exchange_constructs.nag import acknowledge

_USER = "1000"  # that of the broker's image


class KafkaVolume(Construct):
    """An encrypted file system that outlives the broker's task, and the stack."""

    def __init__(self, scope: Construct, id_: str, *, vpc: ec2.IVpc, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="Files of the broker", allow_all_outbound=False
        )
        self._files = efs.FileSystem(
            self,
            "Files",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_group=self.security_group,
            encrypted=True,
            kms_key=key,
            enable_automatic_backups=True,
            throughput_mode=efs.ThroughputMode.ELASTIC,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self._access = self._files.add_access_point(
            "Access",
            path="/kafka",
            create_acl=efs.Acl(owner_uid=_USER, owner_gid=_USER, permissions="750"),
            posix_user=efs.PosixUser(uid=_USER, gid=_USER),
        )
        backups = "its automatic backups are on: AWS Backup's default plan for file systems"
        acknowledge(self._files, {"NIST.800.53.R5-EFSInBackupPlan": backups})

    def volume(self, name: str) -> ecs.Volume:
        """As a task definition mounts it."""
        return ecs.Volume(
            name=name,
            efs_volume_configuration=ecs.EfsVolumeConfiguration(
                file_system_id=self._files.file_system_id,
                transit_encryption="ENABLED",
                authorization_config=ecs.AuthorizationConfig(
                    access_point_id=self._access.access_point_id, iam="ENABLED"
                ),
            ),
        )

    def grant_use(self, role: iam.IGrantable) -> None:
        """To mount, read and write it."""
        self._files.grant_read_write(role)
