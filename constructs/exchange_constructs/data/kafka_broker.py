"""Kafka as one KRaft broker on ECS, for an environment in which nobody's money is."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.service.released_image import ReleasedImage
from exchange_constructs.service.service_context import ServiceContext
from exchange_constructs.service.service_parts import rolling_service, service_group
from exchange_constructs.values import principal, seconds, tcp

_PORT = 9092
_DATA = "/var/lib/kafka/data"
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


class KafkaBroker(Construct):
    """Runs Apache Kafka's own image, which the parameter `KafkaImageDigest` of the stack names; no release touches it.

    `brokers` is its name in the Service Connect namespace.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        cluster: ecs.ICluster,
        namespace: str,
        repository: ecr.IRepository,
        key: kms.IKey,
        retention: logs.RetentionDays,
        cpu: int,
        memory_mb: int,
        health_command: Sequence[str],
    ) -> None:
        super().__init__(scope, id_)
        self.brokers, self.port = f"{name}:{_PORT}", tcp(_PORT)
        context = ServiceContext(
            cluster=cluster,
            namespace=namespace,
            image=ReleasedImage(Stack.of(self), repository, parameter="KafkaImageDigest"),
            retention=retention,
            key=key,
            component="kafka",
            alarm_prefix="",
        )
        self.security_group = service_group(self, context)
        files = KafkaVolume(self, "Volume", vpc=context.vpc, key=key)
        self.security_group.connections.allow_to(files.security_group, tcp(2049))
        definition = self._definition(context, files, cpu, memory_mb, health_command)
        offered = ecs.ServiceConnectService(port_mapping_name="kafka", dns_name=name, port=_PORT)
        self._service = rolling_service(
            self,
            context,
            definition,
            self.security_group,
            name=name,
            offered=[offered],
            min_healthy_percent=0,  # two brokers never share the files
            max_healthy_percent=100,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
        )

    def _definition(
        self, context: ServiceContext, files: KafkaVolume, cpu: int, memory_mb: int, health_command: Sequence[str]
    ) -> ecs.FargateTaskDefinition:
        role = iam.Role(self, "Role", assumed_by=principal("ecs-tasks.amazonaws.com"))
        start = iam.Role(self, "StartRole", assumed_by=principal("ecs-tasks.amazonaws.com"))
        files.grant_use(role)
        context.image.grant_pull(start)
        definition = ecs.FargateTaskDefinition(
            self,
            "Definition",
            cpu=cpu,
            memory_limit_mib=memory_mb,
            task_role=role,
            execution_role=start,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
            volumes=[files.volume("data")],
        )
        log_group = logs.LogGroup(self, "Logs", retention=context.retention, encryption_key=context.key)
        container = definition.add_container(
            "kafka",
            image=context.image.container_image,
            environment=self._environment(),
            logging=ecs.LogDriver.aws_logs(stream_prefix="kafka", log_group=log_group),
            health_check=ecs.HealthCheck(command=["CMD", *health_command], start_period=seconds(120)),
            port_mappings=[ecs.PortMapping(container_port=_PORT, name="kafka")],
            stop_timeout=seconds(120),
        )
        context.image.hold_back(definition)
        container.add_mount_points(ecs.MountPoint(container_path=_DATA, source_volume="data", read_only=False))
        acknowledge(
            definition,
            {
                "AwsSolutions-ECS2": "plain values only say how the broker is set up",
            },
        )
        return definition

    def _environment(self) -> dict[str, str]:
        """https://github.com/apache/kafka/blob/trunk/docker/examples/README.md"""
        return {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": f"PLAINTEXT://:{_PORT},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.brokers}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_LOG_DIRS": _DATA,
            "PORT": str(_PORT),
        }
