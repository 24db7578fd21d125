"""What stands between the load balancer and the web services: target groups and the listeners' rules."""

import pytest

from settings.loading import Service
from tests.infra.exchange import ENVIRONMENTS, Json, exchange

everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_web = pytest.mark.parametrize("component", ["backend", "client"])


def web(environment: str, component: str) -> Service:
    return exchange(environment).settings.components[component].services["web"]


def groups(environment: str, component: str) -> list[Json]:
    return exchange(environment).properties(component, "ElasticLoadBalancingV2::TargetGroup")


def rules(environment: str, component: str) -> list[Json]:
    return exchange(environment).properties(component, "ElasticLoadBalancingV2::ListenerRule")


def target(environment: str, component: str) -> Json:
    """How the service is tied to the load balancer."""
    (found,) = exchange(environment).ecs_service(web(environment, component).name)["LoadBalancers"]
    return dict(found)


@everywhere
@each_web
def test_f12_the_load_balancer_asks_only_whether_a_process_is_alive(environment: str, component: str) -> None:
    paths = [one["HealthCheckPath"] for one in groups(environment, component)]
    assert paths == [web(environment, component).liveness_path] * 2
    assert web(environment, component).readiness_path not in paths


@everywhere
@each_web
def test_f22_requests_end_before_their_task_is_told_to_stop(environment: str, component: str) -> None:
    seconds = {"Key": "deregistration_delay.timeout_seconds"}
    seconds["Value"] = str(web(environment, component).stop_timeout_seconds)
    assert all(seconds in one["TargetGroupAttributes"] for one in groups(environment, component))


@everywhere
@each_web
def test_a_new_version_is_seen_on_the_same_paths_by_testers_as_by_users(environment: str, component: str) -> None:
    known = web(environment, component)
    found = rules(environment, component)
    assert [one["Priority"] for one in found] == [known.listener_priority] * 2
    assert [one["Conditions"][0]["PathPatternConfig"]["Values"] for one in found] == [known.path_patterns] * 2
    assert found[0]["ListenerArn"] != found[1]["ListenerArn"]


@everywhere
@each_web
def test_f15_at_first_all_users_go_to_the_fleet_that_is_created_first(environment: str, component: str) -> None:
    """From then on the weights are those of ECS, and nobody else's."""
    tied = target(environment, component)
    first, second = tied["TargetGroupArn"], tied["AdvancedConfiguration"]["AlternateTargetGroupArn"]
    for rule in rules(environment, component):
        (action,) = rule["Actions"]
        weights = {one["TargetGroupArn"]["Ref"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}
        assert weights == {first["Ref"]: 100, second["Ref"]: 0}


@everywhere
@each_web
def test_ecs_moves_the_traffic_of_users_and_of_testers_apart(environment: str, component: str) -> None:
    ids = list(exchange(environment).resources(component, "ElasticLoadBalancingV2::ListenerRule"))
    tied = target(environment, component)["AdvancedConfiguration"]
    assert sorted([tied["ProductionListenerRule"]["Ref"], tied["TestListenerRule"]["Ref"]]) == sorted(ids)


@everywhere
def test_the_client_calls_the_backend_by_the_name_that_it_offers(environment: str) -> None:
    backend = web(environment, "backend")
    offered = exchange(environment).ecs_service(backend.name)["ServiceConnectConfiguration"]["Services"]
    assert [one["ClientAliases"] for one in offered] == [[{"DnsName": backend.name, "Port": backend.port}]]
    told = {one["Name"]: one["Value"] for one in exchange(environment).container("client", "web")["Environment"]}
    assert told["BACKEND_URL"] == f"http://{backend.name}:{backend.port}"


@everywhere
def test_the_backend_is_asked_first_since_the_client_takes_every_path(environment: str) -> None:
    first, last = web(environment, "backend"), web(environment, "client")
    assert last.path_patterns == ["/*"]
    assert (first.listener_priority or 0) < (last.listener_priority or 0)
