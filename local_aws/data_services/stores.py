"""What a stack creates as a database, a cache or a stream: a small process behind the endpoint that the stack is told.

The processes and their protocol: `data_service_programs`. Attributes, also of its siblings, as in
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from local_aws.clock import Clock
from local_aws.host import workplace
from local_aws.host.addresses import Block
from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.resource_handlers import Created
from local_aws.ministack_parts.services import cloudformation, elasticache, msk, rds

NET = 30
READY_WITHIN = 10.0
KAFKA_PORT = 9092
PROGRAMS = Path(__file__).parent


class DataServices:
    """The running processes, by the physical id of the resource that they stand for."""

    def __init__(self) -> None:
        self._blocks: dict[str, Block] = {}
        self._processes: dict[str, list[subprocess.Popen[bytes]]] = {}

    def start(self, physical_id: str, program: str, port: int, *more: str, **environment: str) -> str:
        """Start a program for a resource, and return the address at which it answers."""
        if physical_id not in self._blocks:
            self._blocks[physical_id] = Block(NET)
        address = self._blocks[physical_id].address
        command = [sys.executable, "-S", "-m", f"data_service_programs.{program}", address, str(port), *more]
        process = workplace.current().processes.start(
            command, folder=workplace.current().tasks, environment=_environment(environment)
        )
        self._processes.setdefault(physical_id, []).append(process)
        _wait_until_open(process, address, port)
        return address

    def address(self, physical_id: str) -> str | None:
        """Return where the process of this resource answers; None when it has none."""
        block = self._blocks.get(physical_id)
        return block.address if block else None

    def stop(self, physical_id: str) -> None:
        """End the processes of a resource that was deleted."""
        for process in self._processes.pop(physical_id, []):
            process.kill()
            process.wait()
        if block := self._blocks.pop(physical_id, None):
            block.close()

    def close(self) -> None:
        """End the processes of every resource."""
        for physical_id in list(self._processes):
            self.stop(physical_id)


running = DataServices()


def install(_clock: Clock) -> None:
    """Start a process for each resource of the three types, and let GetBootstrapBrokers name its address."""
    _after_creation("AWS::RDS::DBInstance", _database)
    _after_creation("AWS::ElastiCache::ReplicationGroup", _cache)
    _after_creation("AWS::MSK::Cluster", _stream)
    msk.bootstrap_strings.wrap(_with_real_addresses)


def close() -> None:
    """End every process."""
    running.close()


def _after_creation(resource_type: str, begin: Callable[[Created, Record], Created]) -> None:
    handlers = cloudformation.handlers[resource_type]
    stock_create, stock_delete = handlers["create"], handlers["delete"]

    @wraps(stock_create)
    def create(logical_id: str, properties: Record, stack: str) -> Created:
        return begin(stock_create(logical_id, properties, stack), properties)

    @wraps(stock_delete)
    def delete(physical_id: str, properties: Record) -> None:
        stock_delete(physical_id, properties)
        running.stop(physical_id)

    cloudformation.replace_handlers(resource_type, create=create, delete=delete)


def _database(created: Created, properties: Record) -> Created:
    name, _ = created
    record = rds.instances[name]
    file = workplace.current().tasks / f"{name}.sqlite3"
    login = {
        "DATABASE_USERNAME": record["MasterUsername"],
        "DATABASE_PASSWORD": properties.get("MasterUserPassword", ""),
    }
    port = int(record["Endpoint"]["Port"])
    record["Endpoint"]["Address"] = running.start(name, "database", port, str(file), **login)
    return name, cloudformation.database_attributes(record)


def _cache(created: Created, properties: Record) -> Created:
    name, _ = created
    group = elasticache.replication_groups[name]
    port = int(properties.get("Port") or 6379)
    address = running.start(name, "cache", port, REDIS_AUTH_TOKEN=properties.get("AuthToken") or "")
    for node_group in group.get("NodeGroups") or []:
        for endpoint in _endpoints(node_group):
            endpoint.update(Address=address, Port=port)
    if group.get("ConfigurationEndpoint"):
        group["ConfigurationEndpoint"].update(Address=address, Port=port)
    return name, cloudformation.replication_group_attributes(name)


def _endpoints(node_group: Record) -> list[Record]:
    members = [member["ReadEndpoint"] for member in node_group["NodeGroupMembers"] if member.get("ReadEndpoint")]
    return [node_group["PrimaryEndpoint"], node_group["ReaderEndpoint"], *members]


def _stream(created: Created, _properties: Record) -> Created:
    arn, attributes = created
    running.start(arn, "stream", KAFKA_PORT)
    return arn, attributes


def _with_real_addresses(stock: Any) -> Any:
    @wraps(stock)
    def answer(cluster: str) -> Record:
        strings: Record = stock(cluster)
        arn = next((arn for arn, record in msk.clusters.items() if record["ClusterName"] == cluster), "")
        address = running.address(arn)
        if address is None:
            return strings
        broker = f"{address}:{KAFKA_PORT}"
        return {name: broker if value else value for name, value in strings.items()}

    return answer


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {"PYTHONPATH": str(PROGRAMS), "PATH": os.environ.get("PATH", "")} | dict(more)


def _wait_until_open(process: subprocess.Popen[bytes], address: str, port: int) -> None:
    deadline = monotonic() + READY_WITHIN
    while process.poll() is None and monotonic() < deadline:
        with socket.socket() as trial:
            if trial.connect_ex((address, port)) == 0:
                return
        sleep(0.02)
    output = process.stdout.read().decode() if process.stdout and process.poll() is not None else "no answer"
    raise RuntimeError(f"the data service at {address}:{port} did not start: {output}")
