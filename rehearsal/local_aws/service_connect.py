"""Service Connect: tasks reach each other's services by name.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html. Names are resolved to
the tasks that production traffic reaches: during a blue/green deployment those of the production revision.
"""

import itertools
import random
from typing import Any

from rehearsal.local_aws import deployments, service_environment
from rehearsal.local_aws.clock import Clock
from rehearsal.local_aws.rollouts import Rollout
from rehearsal.local_aws.service_connect_proxy import Endpoint, NoUpstreamError, Proxy
from rehearsal.local_aws.service_controller import ServiceController

Record = dict[str, Any]
_turns = itertools.count()
_proxies: list[Proxy] = []


def install(_clock: Clock) -> None:
    """Starts the proxy; tasks of services with Service Connect are told where it is."""
    proxy = Proxy(resolve)
    proxy.start()
    _proxies.append(proxy)
    service_environment.service_connect = proxy.environment()


def close() -> None:
    """Stops the proxy."""
    while _proxies:
        _proxies.pop().close()


def resolve(host: str, port: int) -> Endpoint | None:
    """The next task behind a client alias or a discovery name."""
    for service in deployments.controllers():
        for offered in _offered(service):
            if (host, port) in _names(service, offered):
                return _endpoint(service, offered)
    return None


def _offered(service: ServiceController) -> list[Record]:
    settings = service.record.get("serviceConnectConfiguration") or {}
    return list(settings.get("services") or []) if settings.get("enabled") else []


def _names(service: ServiceController, offered: Record) -> set[tuple[str, int]]:
    namespace = str(service.record["serviceConnectConfiguration"].get("namespace") or "").rsplit("/", 1)[-1]
    name = offered.get("discoveryName") or offered["portName"]
    found = set()
    for alias in offered.get("clientAliases") or []:
        found |= {(alias.get("dnsName") or f"{name}.{namespace}", int(alias["port"]))}
        found |= {(name, int(alias["port"])), (f"{name}.{namespace}", int(alias["port"]))}
    return found


def _endpoint(service: ServiceController, offered: Record) -> Endpoint:
    serving = [rollout for rollout in list(service.rollouts) if rollout.healthy]
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
