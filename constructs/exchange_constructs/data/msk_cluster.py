"""Kafka as Amazon MSK."""

from aws_cdk import CustomResource, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from constructs import Construct

from exchange_constructs.release.function_code import code
from exchange_constructs.release.release_function import ReleaseFunction
from exchange_constructs.values import minutes, tcp

_TLS_PORT = 9094
_VERSION = "3.9.x"


class MskCluster(Construct):
    """Brokers in the private subnets, TLS only; three copies of everything where there are three zones.

    `brokers` is what clients begin with. CloudFormation does not know it: a function asks for it.
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
        """No message is acknowledged that only one broker has; topics are made on purpose."""
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
        asked = ReleaseFunction(
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
        asked.role.add_to_policy(iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[cluster]))
        found = CustomResource(
            self,
            "Brokers",
            resource_type="Custom::BootstrapBrokers",
            service_token=asked.function.function_arn,
            properties={"ClusterArn": cluster},
        )
        return found.get_att_string("Brokers")


def _logged_to(log_group: logs.LogGroup) -> msk.CfnCluster.LoggingInfoProperty:
    written = msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=log_group.log_group_name)
    return msk.CfnCluster.LoggingInfoProperty(broker_logs=msk.CfnCluster.BrokerLogsProperty(cloud_watch_logs=written))
