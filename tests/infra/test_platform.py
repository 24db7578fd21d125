"""The Platform stack: the cluster and the way in, as far as the web services' target groups and rules."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Match

from settings.loading import Service
from tests.infra.exchange import ENVIRONMENTS, Json, exchange, template


def listeners(environment: str) -> dict[int, Json]:
    """Return the listeners by port."""
    return {
        listener["Port"]: listener
        for listener in exchange(environment).properties("platform", "ElasticLoadBalancingV2::Listener")
    }


def let_in(group: Json) -> set[tuple[int, str]]:
    """Return which ports are open to which addresses."""
    return {(rule["FromPort"], rule["CidrIp"]) for rule in group.get("SecurityGroupIngress", [])}


def attributes(environment: str) -> dict[str, Any]:
    balancer = exchange(environment).only("platform", "ElasticLoadBalancingV2::LoadBalancer")
    return {attribute["Key"]: attribute["Value"] for attribute in balancer["LoadBalancerAttributes"]}


def test_an_adopted_cluster_is_not_created() -> None:
    assert exchange("prod2").properties("platform", "ECS::Cluster") == []
    assert {
        service["Cluster"]
        for name in ("backend", "client", "engine")
        for service in exchange("prod2").properties(name, "ECS::Service")
    } == {"exchange-base-cluster-prod2"}


def test_a_cluster_of_our_own_reports_what_runs_in_it() -> None:
    """The alarms of what has no load balancer are made of it."""
    template("staging", "platform").has_resource_properties(
        "AWS::ECS::Cluster",
        {
            "ClusterName": "exchange-staging",
            "ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}],
        },
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_find_each_other_in_a_namespace_of_the_environment(environment: str) -> None:
    namespace = exchange(environment).only("platform", "ServiceDiscovery::HttpNamespace")
    assert namespace["Name"] == f"exchange-{environment}"


def test_with_a_domain_users_come_in_by_https_with_its_certificate() -> None:
    domain = exchange("prod2").settings.domain
    assert domain is not None
    https = listeners("prod2")[443]
    assert https["Protocol"] == "HTTPS"
    assert https["Certificates"] == [{"CertificateArn": domain.certificate_arn}]
    assert "TLS13" in https["SslPolicy"]


def test_with_a_domain_plain_http_only_sends_users_on() -> None:
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    assert listeners("prod2")[80]["DefaultActions"] == [{"Type": "redirect", "RedirectConfig": redirect}]


def test_without_a_domain_users_come_in_by_http() -> None:
    assert listeners("staging")[80]["Protocol"] == "HTTP"
    assert 443 not in listeners("staging")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_path_that_no_service_has_claimed_leads_nowhere(environment: str) -> None:
    ends = [listener["DefaultActions"][0] for listener in listeners(environment).values()]
    assert [end["FixedResponseConfig"]["StatusCode"] for end in ends if end["Type"] != "redirect"] == ["404", "404"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_f18_the_rules_of_the_listeners_are_with_their_services(environment: str) -> None:
    assert exchange(environment).properties("platform", "ElasticLoadBalancingV2::ListenerRule") == []


@pytest.mark.parametrize(("environment", "ports"), [("staging", {80}), ("prod2", {80, 443})])
def test_only_the_ports_of_users_are_open_and_the_test_listener_to_nobody(environment: str, ports: set[int]) -> None:
    group = exchange(environment).only("platform", "EC2::SecurityGroup")
    assert let_in(group) == {(port, "0.0.0.0/0") for port in ports}
    assert 9443 in listeners(environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_firewall_stands_before_the_load_balancer(environment: str) -> None:
    known = exchange(environment)
    (balancer,) = known.resources("platform", "ElasticLoadBalancingV2::LoadBalancer")
    (acl,) = known.resources("platform", "WAFv2::WebACL")
    association = known.only("platform", "WAFv2::WebACLAssociation")
    assert association == {"ResourceArn": {"Ref": balancer}, "WebACLArn": {"Fn::GetAtt": [acl, "Arn"]}}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_firewall_blocks_who_asks_too_often_and_what_aws_knows_as_bad(environment: str) -> None:
    rules = {rule["Name"]: rule for rule in exchange(environment).only("platform", "WAFv2::WebACL")["Rules"]}
    assert rules["PerAddress"]["Action"] == {"Block": {}}
    managed = [rule["OverrideAction"] for rule in rules.values() if "ManagedRuleGroupStatement" in rule["Statement"]]
    assert managed == [{"None": {}}] * 3


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_the_firewall_did_is_logged(environment: str) -> None:
    logging = exchange(environment).only("platform", "WAFv2::LoggingConfiguration")
    (group,) = exchange(environment).properties("platform", "Logs::LogGroup")
    assert group["LogGroupName"] == f"aws-waf-logs-exchange-{environment}", "WAF takes no other prefix"
    assert "log-group:" in json.dumps(logging["LogDestinationConfigs"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_who_came_in_is_written_down(environment: str) -> None:
    (bucket,) = exchange(environment).resources("platform", "S3::Bucket")
    assert attributes(environment)["access_logs.s3.enabled"] == "true"
    assert attributes(environment)["access_logs.s3.bucket"] == {"Ref": bucket}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_access_logs_are_private_kept_and_go_away_as_the_settings_say(environment: str) -> None:
    days = exchange(environment).settings.logs.retention_days
    template(environment, "platform").has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Retain",
            "Properties": {
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "RestrictPublicBuckets": True},
                "LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": days})]},
            },
        },
    )


@pytest.mark.parametrize(("environment", "protected"), [("staging", "false"), ("prod2", "true")])
def test_the_load_balancer_of_production_cannot_be_deleted_by_mistake(environment: str, protected: str) -> None:
    assert attributes(environment)["deletion_protection.enabled"] == protected


everywhere = pytest.mark.parametrize("environment", ENVIRONMENTS)
each_web = pytest.mark.parametrize("component", ["backend", "client"])


def web(environment: str, component: str) -> Service:
    return exchange(environment).settings.components[component].services["web"]


def groups(environment: str, component: str) -> list[Json]:
    return exchange(environment).properties(component, "ElasticLoadBalancingV2::TargetGroup")


def rules(environment: str, component: str) -> list[Json]:
    return exchange(environment).properties(component, "ElasticLoadBalancingV2::ListenerRule")


def target(environment: str, component: str) -> Json:
    """Return how the service is tied to the load balancer."""
    (target,) = exchange(environment).ecs_service(web(environment, component).name)["LoadBalancers"]
    return dict(target)


@everywhere
@each_web
def test_f12_the_load_balancer_asks_only_whether_a_process_is_alive(environment: str, component: str) -> None:
    paths = [group["HealthCheckPath"] for group in groups(environment, component)]
    assert paths == [web(environment, component).liveness_path] * 2
    assert web(environment, component).readiness_path not in paths


@everywhere
@each_web
def test_f22_requests_end_before_their_task_is_told_to_stop(environment: str, component: str) -> None:
    seconds = {"Key": "deregistration_delay.timeout_seconds"}
    seconds["Value"] = str(web(environment, component).stop_timeout_seconds)
    assert all(seconds in group["TargetGroupAttributes"] for group in groups(environment, component))


@everywhere
@each_web
def test_a_new_version_is_seen_on_the_same_paths_by_testers_as_by_users(environment: str, component: str) -> None:
    known = web(environment, component)
    listener_rules = rules(environment, component)
    assert [rule["Priority"] for rule in listener_rules] == [known.listener_priority] * 2
    assert [rule["Conditions"][0]["PathPatternConfig"]["Values"] for rule in listener_rules] == [
        known.path_patterns
    ] * 2
    assert listener_rules[0]["ListenerArn"] != listener_rules[1]["ListenerArn"]


@everywhere
@each_web
def test_f15_at_first_all_users_go_to_the_fleet_that_is_created_first(environment: str, component: str) -> None:
    """From then on the weights are those of ECS, and nobody else's."""
    tied = target(environment, component)
    first, second = tied["TargetGroupArn"], tied["AdvancedConfiguration"]["AlternateTargetGroupArn"]
    for rule in rules(environment, component):
        (action,) = rule["Actions"]
        weights = {group["TargetGroupArn"]["Ref"]: group["Weight"] for group in action["ForwardConfig"]["TargetGroups"]}
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
    assert [port["ClientAliases"] for port in offered] == [[{"DnsName": backend.name, "Port": backend.port}]]
    variables = {
        variable["Name"]: variable["Value"]
        for variable in exchange(environment).container("client", "web")["Environment"]
    }
    assert variables["BACKEND_URL"] == f"http://{backend.name}:{backend.port}"


@everywhere
def test_the_backend_is_asked_first_since_the_client_takes_every_path(environment: str) -> None:
    first, last = web(environment, "backend"), web(environment, "client")
    assert last.path_patterns == ["/*"]
    assert (first.listener_priority or 0) < (last.listener_priority or 0)
