"""Checks what no single table can tell: whether the tables of the two files go together."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from ipaddress import IPv4Network
from typing import Any

from release_engine.times import (
    GATE_ATTEMPTS,
    GIVE_BACK_SECONDS,
    HOOK_MINUTES,
    PATIENCE_MINUTES,
    START_MINUTES,
    asking_minutes,
    gate_minutes,
)
from settings.component import Component, Exchange, Service
from settings.environment import Environment, ExternalKafka, MskKafka, fargate_problem
from settings.wording import Problem


def chain_of(exchange: Exchange) -> tuple[str, ...]:
    """Return the components in the order in which they go out: each after those that it names, else as written."""
    written, order, ready = list(exchange.components), list[str](), list[str]()
    sorter = TopologicalSorter({name: component.after for name, component in exchange.components.items()})
    sorter.prepare()
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=written.index)
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return tuple(order)


def exchange_problems(file: str, exchange: Exchange) -> Iterator[Problem]:
    """Find unknown components in the chain, cycles, names and priorities used twice, and times that do not fit."""
    unknown = list(_unknown_components(file, exchange))
    yield from unknown
    if not unknown:
        yield from _cycles(file, exchange)
    yield from _twice(file, exchange, "name")
    yield from _twice(file, exchange, "listener_priority")
    yield from _time_problems(file, exchange)


def environment_problems(file: str, values: Environment, exchange: Exchange, region: str) -> Iterator[Problem]:
    """Find what contradicts itself in an environment's file, or does not go with `exchange.toml`."""
    yield from _place_problems(file, values, region)
    yield from _task_problems(file, values, exchange)
    yield from _adoption_problems(file, values, exchange)
    yield from _kafka_problems(file, values, exchange)
    yield from _window_problems(file, values, exchange)


def overlap_problems(file: str, cidr: str, others: Mapping[str, str]) -> Iterator[Problem]:
    """Find networks that overlap, which can never be connected; `others` maps files to CIDRs."""
    for other, taken in others.items():
        if IPv4Network(cidr).overlaps(IPv4Network(taken)):
            yield Problem(
                file, "network.cidr", cidr, f"overlaps {taken} of {other}: allowed is any range apart from it"
            )


def services(exchange: Exchange) -> Iterator[tuple[str, Service]]:
    """Iterate over all services, each with such a name as `backend.web`."""
    for name, component in exchange.components.items():
        for key, service in component.services.items():
            yield f"{name}.{key}", service


def _unknown_components(file: str, exchange: Exchange) -> Iterator[Problem]:
    allowed = ", ".join(exchange.components)
    for name, component in exchange.components.items():
        for other in component.after:
            if other not in exchange.components:
                yield Problem(file, f"components.{name}.after", other, f"unknown component; allowed are {allowed}")


def _cycles(file: str, exchange: Exchange) -> Iterator[Problem]:
    try:
        chain_of(exchange)
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        yield Problem(file, "components.*.after", circle, "goes round in a circle: one of them must go out first")


def _twice(file: str, exchange: Exchange, key: str) -> Iterator[Problem]:
    names_of: dict[Any, list[str]] = {}
    for name, service in services(exchange):
        names_of.setdefault(getattr(service, key), []).append(name)
    for value, (first, *others) in names_of.items():
        for name in others if value is not None else ():
            where = name.replace(".", ".services.")
            yield Problem(file, f"components.{where}.{key}", value, f"is that of {first} already: each needs its own")


def _place_problems(file: str, values: Environment, region: str) -> Iterator[Problem]:
    if values.production and values.domain is None:
        what = "is missing: production = true allows only HTTPS, with a name and a certificate"
        yield Problem(file, "domain", None, what)
    if not region:
        what = 'is not set, and neither AWS_REGION nor a profile names one: add region = "us-west-2", say'
        yield Problem(file, "region", None, what)
        return
    yield from _zone_problems(file, values, region)
    if values.domain and f":{region}:" not in values.domain.certificate_arn:
        what = f"a load balancer in {region} allows only a certificate of {region}"
        yield Problem(file, "domain.certificate_arn", values.domain.certificate_arn, what)


def _zone_problems(file: str, values: Environment, region: str) -> Iterator[Problem]:
    key, zones = "availability_zones", values.availability_zones
    for zone in zones:
        if not re.fullmatch(f"{re.escape(region)}[a-z]", zone):
            yield Problem(file, key, zone, f"is no zone of region {region}; allowed are {region}a and its like")
    for zone, count in Counter(zones).items():
        if count > 1:
            yield Problem(file, key, zone, f"is there {count} times: each zone is allowed once")
    if values.network.nat_gateways > len(zones):
        what = f"allowed are 1 to {len(zones)}, one for each zone"
        yield Problem(file, "network.nat_gateways", values.network.nat_gateways, what)


def _task_problems(file: str, values: Environment, exchange: Exchange) -> Iterator[Problem]:
    by_name = dict(services(exchange))
    for name in [name for name in by_name if name not in values.tasks]:
        yield Problem(file, f'tasks."{name}"', None, "is missing: every service needs the size of its tasks")
    for name, size in values.tasks.items():
        service = by_name.get(name)
        key = f'tasks."{name}"'
        if service is None:
            yield Problem(file, key, None, f"is no service; allowed are {', '.join(by_name)}")
        elif service.kind == "singleton" and (size.min is not None or size.max is not None):
            yield Problem(file, key, None, "min and max are not for a singleton, of which there is one: remove them")
        elif service.kind != "singleton" and (size.min is None or size.max is None):
            yield Problem(file, key, None, f"min and max are missing: a {service.kind} scales between them")


def _adoption_problems(file: str, values: Environment, exchange: Exchange) -> Iterator[Problem]:
    what = f"unknown component; allowed are {', '.join(exchange.components)}"
    for name, repository in values.adopt.repositories.items():
        if name not in exchange.components:
            yield Problem(file, f"adopt.repositories.{name}", repository, what)


def _kafka_problems(file: str, values: Environment, exchange: Exchange) -> Iterator[Problem]:
    kafka = values.kafka
    if isinstance(kafka, ExternalKafka):
        return
    if isinstance(kafka, MskKafka):
        if kafka.brokers % (zones := len(values.availability_zones)):
            what = f"Amazon MSK spreads them evenly: allowed are multiples of {zones}, the number of zones"
            yield Problem(file, "kafka.brokers", kafka.brokers, what)
        return
    if problem := fargate_problem(kafka.cpu, kafka.memory):
        yield Problem(file, "kafka", None, problem)
    if kafka.service_name in {service.name for _, service in services(exchange)}:
        yield Problem(
            file, "kafka.service_name", kafka.service_name, "is the name of another service: each needs its own"
        )


def _window_problems(file: str, values: Environment, exchange: Exchange) -> Iterator[Problem]:
    for name in values.window.components if values.window else ():
        if name not in exchange.components:
            what = f"unknown component; allowed are {', '.join(exchange.components)}"
            yield Problem(file, "window.components", name, what)


def cidrs(files: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Map each environment's file to its CIDR.

    Files without a valid one are skipped here, and reported by their own validation.
    """
    valid = {}
    for file, values in files:
        network = values.get("network")
        cidr = network.get("cidr") if isinstance(network, dict) else None
        with suppress(ValueError):
            valid[file] = str(IPv4Network(str(cidr)))
    return valid


def _time_problems(file: str, exchange: Exchange) -> Iterator[Problem]:
    """Check that everything can come to its end in time.

    The gate needs all its attempts within the timeout of ECS's hook, a deployment must finish within PATIENCE_MINUTES
    of the release machine, and a worker must drain before ECS kills it.
    """
    for component in exchange.components.values():
        yield from _drain_problems(file, component)
        if any(service.kind == "web" for service in component.services.values()):
            yield from list(_gate_problems(file, component)) or [
                *_shift_problems(file, component),
                *_flip_problems(file, component),
            ]


def _drain_problems(file: str, component: Component) -> Iterator[Problem]:
    for service in component.services.values():
        if service.drain_seconds is None:
            continue
        key = f"components.{component.name}.services.{service.key}.drain_seconds"
        room = service.stop_timeout_seconds - GIVE_BACK_SECONDS
        if service.drain_seconds > room:
            what = (
                f"the task is killed {service.stop_timeout_seconds} s (stop_timeout_seconds) after it was told to "
                f"stop, of which giving work back takes {GIVE_BACK_SECONDS}: allowed are up to {room}"
            )
            yield Problem(file, key, service.drain_seconds, what)


def _gate_problems(file: str, component: Component) -> Iterator[Problem]:
    interval = component.gate.interval_seconds
    needed = gate_minutes(interval)
    if needed > HOOK_MINUTES:
        most = HOOK_MINUTES * 60 // GATE_ATTEMPTS
        what = (
            f"ECS is told to ask up to {GATE_ATTEMPTS} times, {needed} minutes in all, and gives its hook "
            f"{HOOK_MINUTES}: allowed are up to {most} for a component with a web service"
        )
        yield Problem(file, f"components.{component.name}.gate.interval_seconds", interval, what)


def _shift_problems(file: str, component: Component) -> Iterator[Problem]:
    for service in component.services.values():
        gate = asking_minutes(service.strategy, component.gate.interval_seconds)
        room = PATIENCE_MINUTES - START_MINUTES - gate
        shift = (service.canary_minutes or 0) + (service.shift_bake_minutes or 0)
        if shift > room:
            what = (
                f"shift_bake_minutes and canary_minutes come to {shift}, allowed are {room}: the release "
                f"machine waits {PATIENCE_MINUTES} minutes for the stack, of which the start takes {START_MINUTES} "
                f"and the gate up to {gate}"
            )
            yield Problem(file, f"components.{component.name}.services.{service.key}", None, what)


def _flip_problems(file: str, component: Component) -> Iterator[Problem]:
    """Check that the gate decides while ECS keeps the former tasks: so long going back is a flip of traffic."""
    bake = component.gate.bake_minutes
    for service in component.services.values():
        if service.shift_bake_minutes is not None and service.shift_bake_minutes <= bake:
            key = f"components.{component.name}.services.{service.key}.shift_bake_minutes"
            what = (
                f"the gate bakes for {bake} minutes (gate.bake_minutes), and only while ECS keeps the former tasks is "
                f"going back a flip of traffic: allowed are {bake + 1} and more"
            )
            yield Problem(file, key, service.shift_bake_minutes, what)
