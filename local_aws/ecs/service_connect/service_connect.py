"""Service Connect: tasks reach each other's services by name, within one namespace.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html. Names are resolved to
the tasks that production traffic reaches: during a blue/green deployment those of the production revision.
"""

import itertools
import random
import threading
from collections.abc import Iterator
from typing import Any

from local_aws.clock import Clock
from local_aws.ecs.service_connect.mesh import Mesh
from local_aws.ecs.service_connect.proxy import Endpoint, NoUpstreamError
from local_aws.ecs.services import deployments, service_environment
from local_aws.ecs.services.rollouts import Rollout
from local_aws.ecs.services.service_controller import ServiceController
from local_aws.ecs.services.service_environment import namespace_of

Record = dict[str, Any]
HTTP = ("http", "http2", "grpc")  # of a port mapping's appProtocol; without one it is TCP
_turns = itertools.count()
_meshes: dict[str, Mesh] = {}
_lock = threading.Lock()


def install(_clock: Clock) -> None:
    """Tasks of services with Service Connect are told where to find others."""
    service_environment.service_connect[:] = [environment_of]


def close() -> None:
    """Stops the proxies."""
    service_environment.service_connect.clear()
    while _meshes:
        _meshes.popitem()[1].close()


def environment_of(namespace: str) -> dict[str, str]:
    """What a task that starts now is told; names that come later are not known to it."""
    with _lock:
        if namespace not in _meshes:
            _meshes[namespace] = Mesh(lambda host, port: resolve(namespace, host, port))
        return _meshes[namespace].environment(set(_streams(namespace)))


def resolve(namespace: str, host: str, port: int) -> Endpoint | None:
    """The next task behind a client alias or a discovery name."""
    for service, offered in _offered(namespace):
        if (host, port) in _names(service, offered):
            return _endpoint(service, offered)
    return None


def _streams(namespace: str) -> Iterator[tuple[str, int]]:
    """The names behind which TCP is spoken, with their ports."""
    for service, offered in _offered(namespace):
        mapping = next((found for found in _mappings(service) if found.get("name") == offered["portName"]), {})
        if mapping.get("appProtocol") not in HTTP:
            yield from _names(service, offered)


def _offered(namespace: str) -> Iterator[tuple[ServiceController, Record]]:
    for service in deployments.controllers():
        connect = service.record.get("serviceConnectConfiguration") or {}
        if connect.get("enabled") and namespace_of(connect) == namespace:
            yield from ((service, offered) for offered in connect.get("services") or [])


def _mappings(service: ServiceController) -> Iterator[Record]:
    for rollout in list(service.state.rollouts):
        for container in rollout.revision.definition["containerDefinitions"]:
            yield from container.get("portMappings") or []


def _names(service: ServiceController, offered: Record) -> set[tuple[str, int]]:
    namespace = namespace_of(service.record["serviceConnectConfiguration"])
    name = offered.get("discoveryName") or offered["portName"]
    names = set()
    for alias in offered.get("clientAliases") or []:
        names |= {(alias.get("dnsName") or f"{name}.{namespace}", int(alias["port"]))}
        names |= {(name, int(alias["port"])), (f"{name}.{namespace}", int(alias["port"]))}
    return names


def _endpoint(service: ServiceController, offered: Record) -> Endpoint:
    serving = [rollout for rollout in list(service.state.rollouts) if rollout.healthy]
    weighted = [rollout for rollout in serving if rollout.production_weight > 0]
    if weighted:
        serving = random.choices(weighted, [rollout.production_weight for rollout in weighted])
    tasks = [(task, rollout) for rollout in serving for task in rollout.healthy]
    if not tasks:
        raise NoUpstreamError(f"no healthy upstream: {service.record['serviceName']}")
    task, rollout = tasks[next(_turns) % len(tasks)]
    return task.address, _container_port(rollout, offered["portName"])


def _container_port(rollout: Rollout, name: str) -> int:
    mappings = (m for c in rollout.revision.definition["containerDefinitions"] for m in c.get("portMappings") or [])
    return next(int(mapping["containerPort"]) for mapping in mappings if mapping.get("name") == name)
