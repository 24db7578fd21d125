"""The load balancer's data plane, weights and rules, and what is refused of them.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
"""

import ssl
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.ecs.sample_services import wait_for
from tests.local_aws.elastic_load_balancing.sample_targets import Target, ask, counted, serving

PORT = 80


@dataclass
class Front:
    """A load balancer with one listener and one rule over two target groups."""

    elb: Any
    name: str
    listener: str
    rule: str
    blue: str
    green: str

    @property
    def url(self) -> str:
        return load_balancer.url(self.name, PORT)

    def state(self, group: str, target: Target) -> str:
        return load_balancer.target_state(group, *target.place)

    def health(self, group: str) -> dict[str, Any]:
        first: dict[str, Any] = self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"][0]
        return first

    def register(self, group: str, target: Target, state: str = "healthy") -> None:
        host, port = target.place
        self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": host, "Port": port}])
        wait_for(lambda: self.state(group, target), lambda seen: seen == state)


@pytest.fixture
def front(aws: LocalAws) -> Front:
    elb, name = aws.client("elbv2"), f"front-{uuid.uuid4().hex[:8]}"
    balancer = elb.create_load_balancer(Name=name, Subnets=["subnet-a"])["LoadBalancers"][0]["LoadBalancerArn"]
    blue, green = (
        elb.create_target_group(
            Name=f"{colour}-{name}"[:32],
            Protocol="HTTP",
            Port=3000,
            VpcId="vpc-1",
            TargetType="ip",
            HealthCheckPath="/health",
            HealthCheckIntervalSeconds=6,
            HealthyThresholdCount=3,
            UnhealthyThresholdCount=2,
            Matcher={"HttpCode": "200-204"},
        )["TargetGroups"][0]["TargetGroupArn"]
        for colour in ("blue", "green")
    )
    for group in (blue, green):
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    missing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "nobody"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=PORT, DefaultActions=[missing])
    arn = listener["Listeners"][0]["ListenerArn"]
    groups = [{"TargetGroupArn": blue, "Weight": 100}, {"TargetGroupArn": green, "Weight": 0}]
    rule = elb.create_rule(
        ListenerArn=arn,
        Priority=20,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )["Rules"][0]["RuleArn"]
    return Front(elb, name, arn, rule, blue, green)


@pytest.fixture
def pair(front: Front) -> Iterator[tuple[Target, Target]]:
    """A healthy target in each group."""
    with ExitStack() as stack:
        blue, green = (stack.enter_context(serving(Target(name))) for name in ("blue", "green"))
        front.register(front.blue, blue)
        front.register(front.green, green)
        yield blue, green


def test_weights_of_a_rule_share_the_requests(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ForwardActionConfig.html"""
    assert counted(front.url, 50) == {"blue": 50}
    load_balancer.set_weights(front.rule, {front.blue: 80, front.green: 20})
    answers = counted(front.url, 600)
    assert 60 <= answers["green"] <= 190
    load_balancer.set_weights(front.rule, {front.blue: 0, front.green: 100})
    assert counted(front.url, 50) == {"green": 50}


def test_weights_are_read_back_from_the_rule(front: Front) -> None:
    load_balancer.set_weights(front.rule, {front.blue: 90, front.green: 10})
    action = front.elb.describe_rules(RuleArns=[front.rule])["Rules"][0]["Actions"][0]
    assert {g["TargetGroupArn"]: g["Weight"] for g in action["ForwardConfig"]["TargetGroups"]} == {
        front.blue: 90,
        front.green: 10,
    }
    assert load_balancer.weights(front.rule) == {front.blue: 90, front.green: 10}


def test_modify_rule_changes_where_requests_go(front: Front, pair: tuple[Target, Target]) -> None:
    front.elb.modify_rule(RuleArn=front.rule, Actions=[{"Type": "forward", "TargetGroupArn": front.green}])
    assert counted(front.url, 20) == {"green": 20}


def test_rules_are_tried_by_priority_and_the_default_comes_last(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html"""
    condition = {"Field": "path-pattern", "Values": ["/old/*"]}
    redirect = {"StatusCode": "HTTP_301", "Path": "/new", "Port": "443", "Protocol": "HTTPS"}
    front.elb.create_rule(
        ListenerArn=front.listener,
        Priority=10,
        Conditions=[condition],
        Actions=[{"Type": "redirect", "RedirectConfig": redirect}],
    )
    status, _, fields = ask(front.url, "/old/page?x=1")
    assert (status, fields["Location"]) == (301, "https://127.0.0.1:443/new?x=1".replace("127.0.0.1", host(front)))
    front.elb.delete_rule(RuleArn=front.rule)
    assert ask(front.url, "/else")[:2] == (404, "nobody")


def host(front: Front) -> str:
    return front.url.split("//")[1].split(":")[0]


def test_no_registered_target_is_a_503(front: Front) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"""
    status, _, fields = ask(front.url)
    assert (status, fields["Server"]) == (503, "awselb/2.0")


def test_target_that_closes_without_an_answer_is_a_502(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"""
    pair[0].closes = True
    assert ask(front.url)[0] == 502


def test_error_of_the_target_passes_through(front: Front, pair: tuple[Target, Target]) -> None:
    pair[0].status = 500
    assert ask(front.url)[:2] == (500, "blue")


@pytest.mark.parametrize(("size", "status"), [(60_000, 200), (70_000, 400)])
def test_head_of_more_than_64_kib_is_a_400(front: Front, pair: tuple[Target, Target], size: int, status: int) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-400-issues"""
    assert ask(front.url, filler="x" * size)[0] == status


def test_post_that_fails_on_a_kept_connection_is_not_sent_twice(front: Front, pair: tuple[Target, Target]) -> None:
    blue, _ = pair
    assert ask(front.url, method="POST")[0] == 200
    blue.closes = True
    assert ask(front.url, method="POST")[0] == 502
    assert len(blue.seen) == 2


def test_target_sees_where_a_request_came_from(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html"""
    ask(front.url)
    seen = pair[0].seen[-1]
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"], seen["x-forwarded-port"]) == ("127.0.0.1", "http", "80")
    assert seen["x-amzn-trace-id"].startswith("Root=1-")


def test_https_listener_terminates_tls(aws: LocalAws, front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/create-https-listener.html"""
    balancer = front.elb.describe_load_balancers(Names=[front.name])["LoadBalancers"][0]["LoadBalancerArn"]
    certificate = aws.client("acm").request_certificate(DomainName="exchange.example.com")["CertificateArn"]
    front.elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[{"Type": "forward", "TargetGroupArn": front.blue}],
    )
    url = load_balancer.url(front.name, 443)
    assert url.startswith("https://127.20.")
    with urllib.request.urlopen(url, context=ssl._create_unverified_context()) as answer:  # noqa: S310, S323
        assert answer.read() == b"blue"
    assert pair[0].seen[-1]["x-forwarded-proto"] == "https"


def test_deleted_listener_stops_listening(front: Front) -> None:
    url = front.url
    front.elb.delete_listener(ListenerArn=front.listener)
    wait_for(lambda: refused(url), bool)


def refused(url: str) -> bool:
    try:
        ask(url)
    except OSError:
        return True
    return False


def test_two_targets_of_a_group_take_turns(front: Front, pair: tuple[Target, Target]) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html"""
    with serving(Target("second")) as second:
        front.register(front.blue, second)
        assert counted(front.url, 40) == {"blue": 20, "second": 20}


def test_many_requests_at_once_are_all_answered(front: Front, pair: tuple[Target, Target]) -> None:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(counted(front.url, 25)["blue"])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [25] * 8


MISSING = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}


def test_priority_that_is_taken_is_refused(front: Front) -> None:
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    with pytest.raises(front.elb.exceptions.PriorityInUseException, match="20"):
        front.elb.create_rule(ListenerArn=front.listener, Priority=20, Conditions=[condition], Actions=[MISSING])


def test_target_group_that_does_not_exist_is_refused(front: Front) -> None:
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    forward = {"Type": "forward", "TargetGroupArn": front.blue + "0"}
    with pytest.raises(front.elb.exceptions.TargetGroupNotFoundException):
        front.elb.create_rule(ListenerArn=front.listener, Priority=21, Conditions=[condition], Actions=[forward])


def test_stack_with_a_certificate_that_does_not_exist_fails(aws: LocalAws, front: Front) -> None:
    balancer = front.elb.describe_load_balancers(Names=[front.name])["LoadBalancers"][0]["LoadBalancerArn"]
    properties = {
        "LoadBalancerArn": balancer,
        "Port": 443,
        "Protocol": "HTTPS",
        "Certificates": [{"CertificateArn": "arn:aws:acm:us-west-2:000000000000:certificate/none"}],
        "DefaultActions": [MISSING],
    }
    listener = {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": properties}
    with pytest.raises(AssertionError, match="CertificateNotFound"):
        Stack(aws.client("cloudformation")).create({"Listener": listener})


def test_weights_of_a_template_are_kept(aws: LocalAws, front: Front) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-listenerrule.html"""
    groups = [{"TargetGroupArn": front.blue, "Weight": "70"}, {"TargetGroupArn": front.green, "Weight": "30"}]
    properties = {
        "ListenerArn": front.listener,
        "Priority": 30,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/y"]}}],
        "Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    }
    rule = {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": properties}
    arn = Stack(aws.client("cloudformation")).create({"Rule": rule}, Arn={"Ref": "Rule"})["Arn"]
    assert load_balancer.weights(arn) == {front.blue: 70, front.green: 30}
