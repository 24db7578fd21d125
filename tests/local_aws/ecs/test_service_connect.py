"""Tasks reach services by name, and only those that production traffic reaches.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

import socket
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local_aws.ecs.services import service_state
from local_aws.server import LocalAws
from tests.local_aws.ecr.sample_images import ASKER, Registry
from tests.local_aws.ecs.sample_services import Ecs, wait_for

CHECK = {"command": ["CMD", "bin/alive"], "interval": 10}
PORTS = [{"name": "web", "containerPort": 3000}]


def test_an_alias_reaches_the_tasks_of_its_service_in_turn(registry: Registry, ecs: Ecs) -> None:
    alias = _alias()
    definition = ecs.define(registry.server("one"), healthCheck=CHECK, portMappings=PORTS)
    name = ecs.create(definition, desiredCount=2, serviceConnectConfiguration=_connect(alias))
    ecs.settled(name)
    assert {_get(f"http://{alias}:3000/env/BIND_ADDRESS") for _ in range(4)} == _addresses(ecs, name)
    assert _get("http://web.exchange:3000/env/VERSION?x=1") == ""


def test_a_task_of_such_a_service_finds_the_proxy_in_its_environment(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.server("one"), healthCheck=CHECK, portMappings=PORTS)
    name = ecs.create(definition, serviceConnectConfiguration=_connect(alias := _alias()))
    ecs.settled(name)
    environment = {key: _get(f"http://{alias}:3000/env/{key}") for key in ("http_proxy", "no_proxy")}
    assert environment["http_proxy"].startswith("http://127.0.0.1:")
    assert "127.0.0.1" in environment["no_proxy"]


def test_green_gets_no_calls_before_production_traffic_moves(
    registry: Registry, ecs: Ecs, hook: Callable[[str], str]
) -> None:
    first = ecs.define(registry.server("one"), healthCheck=CHECK, portMappings=PORTS)
    configuration: dict[str, Any] = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
    name = ecs.create(
        first, serviceConnectConfiguration=_connect(alias := _alias()), deploymentConfiguration=configuration
    )
    ecs.settled(name)
    waits = hook('return {"hookStatus": "IN_PROGRESS", "callBackDelay": 600}')
    held = configuration | {
        "lifecycleHooks": [
            {
                "hookTargetArn": waits,
                "roleArn": "arn:aws:iam::000000000000:role/r",
                "lifecycleStages": ["POST_SCALE_UP"],
            }
        ]
    }
    second = ecs.define(registry.server("two"), healthCheck=CHECK, portMappings=PORTS)
    ecs.update(name, taskDefinition=second, deploymentConfiguration=held)
    wait_for(lambda: ecs.deployment(name), lambda found: bool(found.get("lifecycleHookDetails")))
    assert {_get(f"http://{alias}:3000/") for _ in range(6)} == {"one"}


def test_a_service_without_healthy_tasks_answers_503(registry: Registry, ecs: Ecs) -> None:
    definition = ecs.define(registry.server("one"), healthCheck=CHECK, portMappings=PORTS)
    ecs.create(definition, desiredCount=0, serviceConnectConfiguration=_connect(alias := _alias()))
    with pytest.raises(urllib.error.HTTPError, match="503"):
        _get(f"http://{alias}:3000/")


def test_other_hosts_are_passed_through(aws: LocalAws) -> None:
    assert "services" in _get(f"{aws.endpoint}/_ministack/health")


def test_what_is_no_plain_request_is_refused(aws: LocalAws) -> None:
    host, port = _proxy().removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        assert b"only plain HTTP requests are proxied" in connection.makefile("rb").read()


def test_a_name_behind_which_tcp_is_spoken_is_resolved_in_the_task(registry: Registry, ecs: Ecs) -> None:
    """As the broker's is: "an agent in each task [..] Your application can look up the names by using the standard
    functionality for DNS names and making connections" (developerguide/interconnecting-services.html).
    """
    alias, asker = _alias(), registry.program(ASKER)
    server = ecs.define(registry.server("one"), healthCheck=CHECK, portMappings=PORTS)
    ecs.settled(ecs.create(server, serviceConnectConfiguration=_connect(alias)))
    client = ecs.define(asker, portMappings=PORTS)
    here = ecs.create(client, serviceConnectConfiguration={"enabled": True, "namespace": "exchange"})
    elsewhere = ecs.create(client, serviceConnectConfiguration={"enabled": True, "namespace": "another"})
    without = ecs.create(client)
    assert _asked(ecs, here, alias) == "one"
    assert "gaierror" in _asked(ecs, elsewhere, alias)
    assert "gaierror" in _asked(ecs, without, alias)


def test_the_same_name_in_two_namespaces_is_two_services(registry: Registry, ecs: Ecs) -> None:
    alias = _alias()
    for namespace, version in (("exchange", "one"), ("another", "two")):
        definition = ecs.define(registry.server(version), healthCheck=CHECK, portMappings=PORTS)
        connect = _connect(alias) | {"namespace": namespace}
        ecs.settled(ecs.create(definition, serviceConnectConfiguration=connect))
    assert {_get(f"http://{alias}:3000/") for _ in range(4)} == {"one"}
    assert {_get(f"http://{alias}:3000/", "another") for _ in range(4)} == {"two"}


def _asked(ecs: Ecs, name: str, alias: str) -> str:
    ecs.settled(name)
    (address,) = _addresses(ecs, name)

    def answer() -> str | None:
        try:
            with urllib.request.urlopen(f"http://{address}:3000/{alias}/3000", timeout=30) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except urllib.error.URLError:
            return None  # it does not listen yet

    return str(wait_for(answer, bool))


def _proxy(namespace: str = "exchange") -> str:
    return service_state.of({"serviceConnectConfiguration": {"enabled": True, "namespace": namespace}})["http_proxy"]


def _alias() -> str:
    return f"name-{uuid.uuid4().hex[:6]}"


def _connect(alias: str) -> dict[str, Any]:
    offered = {"portName": "web", "discoveryName": "web", "clientAliases": [{"port": 3000, "dnsName": alias}]}
    return {"enabled": True, "namespace": "exchange", "services": [offered]}


def _addresses(ecs: Ecs, name: str) -> set[str]:
    return {task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] for task in ecs.tasks(name)}


def _get(url: str, namespace: str = "exchange") -> str:
    proxy = urllib.request.ProxyHandler({"http": _proxy(namespace)})
    with urllib.request.build_opener(proxy).open(url, timeout=30) as answer:
        return str(answer.read().decode())
