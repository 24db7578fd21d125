"""The Observability stack: what people hear of, and where they look."""

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template

from exchange_constructs.observability import AlarmTopic, retention_of
from tests.infra.exchange import single_templates, staging_settings


@pytest.fixture(scope="module")
def template() -> Template:
    return single_templates()["Observability"]


def dashboard(template: Template, name: str) -> str:
    dashboards = template.find_resources(
        "AWS::CloudWatch::Dashboard", {"Properties": {"DashboardName": f"exchange-staging-{name}"}}
    )
    return json.dumps(next(iter(dashboards.values()))["Properties"]["DashboardBody"])


def test_the_topic_is_encrypted_and_wants_tls(template: Template) -> None:
    template.has_resource_properties("AWS::SNS::Topic", {"KmsMasterKeyId": Match.any_value()})
    template.has_resource_properties(
        "AWS::SNS::TopicPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})]
                )
            }
        },
    )


def test_events_may_reach_the_encrypted_topic(template: Template) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html"""
    events = {"Principal": {"Service": "events.amazonaws.com"}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
    template.has_resource_properties(
        "AWS::KMS::Key", {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(events)])}}
    )


def test_every_alarm_of_the_environment_is_told_when_it_goes_red_and_when_it_is_quiet(template: Template) -> None:
    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.cloudwatch"],
                "detail": Match.object_like(
                    {"alarmName": [{"prefix": "exchange-staging-"}], "state": {"value": ["ALARM", "OK"]}}
                ),
            }
        },
    )


def test_f1_a_deployment_that_ecs_gave_up_is_told(template: Template) -> None:
    rules = template.find_resources("AWS::Events::Rule", {"Properties": {"EventPattern": {"source": ["aws.ecs"]}}})
    (pattern,) = [rule["Properties"]["EventPattern"] for rule in rules.values()]
    assert pattern["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
    services = [
        service.name for component in staging_settings().components.values() for service in component.services.values()
    ]
    assert len(pattern["resources"]) == len(services)
    assert all(f"/{name}" in json.dumps(pattern["resources"]) for name in services)


def test_a_topic_that_would_tell_of_every_deployment_is_refused() -> None:
    with pytest.raises(ValueError, match="without services"):
        AlarmTopic(Stack(App(), "Stack"), "Alarms", alarm_prefix="exchange-", service_arns=[])


def test_f27_a_release_that_ends_without_a_word_is_an_alarm(template: Template) -> None:
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    names = sorted(alarm["Properties"]["AlarmName"] for alarm in alarms)
    ends = ("aborted", "timed-out")
    assert names == [
        f"exchange-staging-release-{name}-{end}" for name in sorted(staging_settings().chain) for end in ends
    ]


def test_alarms_on_releasing_are_not_taken_for_alarms_of_a_component(template: Template) -> None:
    prefixes = tuple(f"{staging_settings().stack_name(name)}-" for name in staging_settings().components)
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    assert not [alarm for alarm in alarms if alarm["Properties"]["AlarmName"].startswith(prefixes)]


def test_there_is_a_dashboard_for_each_kind_of_question(template: Template) -> None:
    boards = template.find_resources("AWS::CloudWatch::Dashboard").values()
    names = sorted(board["Properties"]["DashboardName"] for board in boards)
    assert names == [f"exchange-staging-{name}" for name in ("business", "deployments", "operations")]


def test_operations_shows_every_service_and_the_alarms_of_the_components(template: Template) -> None:
    body = dashboard(template, "operations")
    services = [
        service.name for component in staging_settings().components.values() for service in component.services.values()
    ]
    assert all(body.count(name) >= 2 for name in services)
    assert '\\"type\\":\\"alarm\\"' in body


def test_deployments_shows_every_machine(template: Template) -> None:
    body = dashboard(template, "deployments")
    metrics = ("ExecutionsSucceeded", "ExecutionsFailed", "ExecutionTime")
    assert all(body.count(metric) == len(staging_settings().chain) for metric in metrics)


def test_business_shows_what_the_components_report(template: Template) -> None:
    body = dashboard(template, "business")
    assert all(metric in body for metric in ("OrdersPerMinute", "SequenceGap", "ConsumerLag", "QueueLatency"))


def test_a_retention_is_what_cloudwatch_knows() -> None:
    assert retention_of(30).name == "ONE_MONTH"
    with pytest.raises(KeyError):
        retention_of(31)
