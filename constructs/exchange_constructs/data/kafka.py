"""Kafka: as Amazon MSK, or as one KRaft broker on ECS, for an environment in which nobody's money is."""

from collections.abc import Sequence

from aws_cdk import CustomResource, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.release.release_function import ReleaseFunction, code
from exchange_constructs.service.images import ReleasedImage
from exchange_constructs.service.service_parts import ServiceContext, rolling_service, service_group
from exchange_constructs.values import minutes, principal, seconds, tcp

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
        """Return the volume by which a task definition mounts the files."""
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
        """Allow the role to mount, read and write the files."""
        self._files.grant_read_write(role)


class KafkaBroker(Construct):
    """A broker of Apache Kafka's own image, named by the stack's parameter `KafkaImageDigest`; no release touches it.

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
        """Return the variables of Apache Kafka's image for one node that is broker and controller.

        https://github.com/apache/kafka/blob/trunk/docker/examples/README.md
        """
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


_TLS_PORT = 9094
_VERSION = "3.9.x"


class MskCluster(Construct):
    """Amazon MSK's brokers in the isolated subnets, TLS only; three copies of all messages where there are three zones.

    `brokers` are the addresses that clients start with. CloudFormation does not know them, so a function asks MSK.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-msk-cluster.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        key: kms.IKey,
        instance_type: str,
        brokers: int,
        storage_gb: int,
        retention: logs.RetentionDays,
    ) -> None:
        super().__init__(scope, id_)
        self.port = tcp(_TLS_PORT)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="Brokers of Kafka", allow_all_outbound=False
        )
        subnets = vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids
        log_group = logs.LogGroup(self, "Logs", retention=retention, encryption_key=key)
        self._cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=name,
            kafka_version=_VERSION,
            number_of_broker_nodes=brokers,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                client_subnets=subnets,
                instance_type=instance_type,
                security_groups=[self.security_group.security_group_id],
                storage_info=msk.CfnCluster.StorageInfoProperty(
                    ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=storage_gb)
                ),
            ),
            configuration_info=self._configuration(name, copies=min(brokers, 3)),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=True)
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_at_rest=msk.CfnCluster.EncryptionAtRestProperty(data_volume_kms_key_id=key.key_arn),
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
            ),
            logging_info=_logged_to(log_group),
            enhanced_monitoring="PER_TOPIC_PER_BROKER",
        )
        self._cluster.apply_removal_policy(RemovalPolicy.RETAIN)
        self.brokers = self._bootstrap_brokers(key, retention)

    def _configuration(self, name: str, *, copies: int) -> msk.CfnCluster.ConfigurationInfoProperty:
        """Acknowledge no message that only one broker has, and make no topic that nobody has asked for."""
        lines = [
            "auto.create.topics.enable=false",
            f"default.replication.factor={copies}",
            f"min.insync.replicas={max(copies - 1, 1)}",
            "unclean.leader.election.enable=false",
        ]
        configuration = msk.CfnConfiguration(
            self, "Configuration", name=name, server_properties="\n".join(lines), kafka_versions_list=[_VERSION]
        )
        return msk.CfnCluster.ConfigurationInfoProperty(
            arn=configuration.attr_arn, revision=configuration.attr_latest_revision_revision
        )

    def _bootstrap_brokers(self, key: kms.IKey, retention: logs.RetentionDays) -> str:
        function = ReleaseFunction(
            self,
            "BootstrapBrokers",
            module="custom_resources.bootstrap_brokers",
            code=code(),
            environment={},
            retention=retention,
            key=key,
            timeout=minutes(1),
        )
        cluster = self._cluster.attr_arn
        function.role.add_to_policy(iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[cluster]))
        resource = CustomResource(
            self,
            "Brokers",
            resource_type="Custom::BootstrapBrokers",
            service_token=function.function.function_arn,
            properties={"ClusterArn": cluster},
        )
        return resource.get_att_string("Brokers")


def _logged_to(log_group: logs.LogGroup) -> msk.CfnCluster.LoggingInfoProperty:
    written = msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=log_group.log_group_name)
    return msk.CfnCluster.LoggingInfoProperty(broker_logs=msk.CfnCluster.BrokerLogsProperty(cloud_watch_logs=written))
