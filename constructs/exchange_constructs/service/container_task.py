"""The task of a service: one container of the component's image."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from exchange_constructs.nag import acknowledge
from exchange_constructs.service.service_parts import ServiceContext
from exchange_constructs.values import arn_scope, principal, seconds

CONTAINER = "main"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class ContainerTask(Construct):
    """A Fargate task definition on ARM64 with a read-only root; `/tmp` and, if named, `work_folder` can be written.

    `definition` and `port_name` are for the service. `role` is that of the program itself, which at first may do
    nothing. `environment` are variables beyond those that all containers of the component have.
    Former task definitions stay registered: a rollback may need them (F4, F29).
    """

    port_name = "http"

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        context: ServiceContext,
        service: str,
        cpu: int,
        memory_mb: int,
        command: Sequence[str],
        health_command: Sequence[str],
        stop_timeout: Duration,
        port: int | None = None,
        work_folder: str | None = None,
        work_volume_gb: int | None = None,
        environment: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(self, "Role", assumed_by=principal("ecs-tasks.amazonaws.com"))
        scratch = _scratch(work_folder)
        self.definition = ecs.FargateTaskDefinition(
            self,
            "Definition",
            cpu=cpu,
            memory_limit_mib=memory_mb,
            ephemeral_storage_gib=work_volume_gb,
            runtime_platform=_linux_on_arm(),
            task_role=self.role,
            execution_role=self._execution_role(context),
            volumes=[ecs.Volume(name=name) for name in scratch],
        )
        container = self.definition.add_container(
            CONTAINER,
            image=context.image.container_image,
            command=list(command),
            environment=_environment(context, service, port) | dict(environment),
            secrets=dict(context.secrets),
            logging=self._logging(context, service),
            health_check=_health(health_command),
            port_mappings=[ecs.PortMapping(container_port=port, name=self.port_name)] if port else None,
            readonly_root_filesystem=True,
            stop_timeout=stop_timeout,
        )
        container.add_mount_points(
            *(ecs.MountPoint(container_path=to, source_volume=name, read_only=False) for name, to in scratch.items())
        )
        self.definition.apply_removal_policy(RemovalPolicy.RETAIN)
        context.image.hold_back(self.definition)
        self._acknowledge()

    def _execution_role(self, context: ServiceContext) -> iam.Role:
        """Make the role with which ECS starts the task: it reads the image and the secrets, and writes the log."""
        role = iam.Role(self, "StartRole", assumed_by=principal("ecs-tasks.amazonaws.com"))
        context.image.grant_pull(role)
        if context.secrets:
            region = arn_scope(Stack.of(self)).region
            secrets = {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}}
            role.add_to_policy(
                iam.PolicyStatement(actions=["kms:Decrypt"], resources=[context.key.key_arn], conditions=secrets)
            )
        return role

    def _logging(self, context: ServiceContext, service: str) -> ecs.LogDriver:
        log_group = logs.LogGroup(self, "Logs", retention=context.retention, encryption_key=context.key)
        return ecs.LogDriver.aws_logs(stream_prefix=service, log_group=log_group)

    def _acknowledge(self) -> None:
        acknowledge(
            self.definition,
            {"AwsSolutions-ECS2": "plain values only say where things are; whatever is secret comes by reference"},
        )


def _environment(context: ServiceContext, service: str, port: int | None) -> dict[str, str]:
    """Return the plain variables of docs/contracts.md: which service this is, and where the others are."""
    identity = {"COMPONENT": context.component, "SERVICE": service, "IMAGE_DIGEST": context.image.digest}
    return identity | dict(context.environment) | ({"PORT": str(port)} if port else {})


def _linux_on_arm() -> ecs.RuntimePlatform:
    return ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
    )


def _scratch(work_folder: str | None) -> dict[str, str]:
    """Return the volumes that can be written, name -> where it is mounted, as the root file system cannot be."""
    folders = filter(None, ("/tmp", work_folder))  # noqa: S108 - inside the container
    return {f"scratch{number}": folder for number, folder in enumerate(folders)}


def _health(command: Sequence[str]) -> ecs.HealthCheck:
    return ecs.HealthCheck(
        command=["CMD", *command],
        interval=seconds(10),
        timeout=seconds(5),
        retries=3,
        start_period=seconds(60),
    )
