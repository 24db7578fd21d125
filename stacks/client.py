"""The stack of the client, which makes pages from the backend's answers."""

from typing import Any

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from constructs import Construct

from exchange_constructs.service.service_parts import Peer
from settings.loading import Settings
from stacks.backend import BackendStack
from stacks.component import ComponentStack, ContainerInputs
from stacks.data import DataStack


class ClientStack(ComponentStack):
    """The client's service, which calls the backend by its name in Service Connect and no other component."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, data: DataStack, backend: BackendStack, **kwargs: Any
    ) -> None:
        inputs = _inputs(settings, data, backend)
        super().__init__(scope, id_, settings=settings, component="client", data=data, inputs=inputs, **kwargs)


def _inputs(settings: Settings, data: DataStack, backend: BackendStack) -> ContainerInputs:
    web = settings.components["backend"].services["web"]
    secret, secrets = ecs.Secret.from_secrets_manager, data.secrets
    return ContainerInputs(
        environment={"BACKEND_URL": f"http://{web.name}:{web.port}"},
        secrets={
            "JWT_SECRET": secret(secrets["JwtSecret"]),
            "INTERNAL_API_TOKEN": secret(secrets["InternalApiToken"]),
        },
        peers=[Peer(backend.services["web"].security_group, ec2.Port.tcp(web.port or 0))],
    )
