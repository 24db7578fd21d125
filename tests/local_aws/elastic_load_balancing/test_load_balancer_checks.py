"""What is refused: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html"""

import pytest

from local_aws.elastic_load_balancing import load_balancer
from local_aws.server import LocalAws
from tests.local_aws.cloudformation.sample_stacks import Stack
from tests.local_aws.elastic_load_balancing.test_load_balancer import Front, front

__all__ = ["front"]
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
