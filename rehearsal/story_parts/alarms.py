"""Alarms as people of the account have them and turn them."""

from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.stage import Stage


@contextmanager
def red_alarm(stage: Stage, name: str) -> Iterator[None]:
    """An alarm of a team's own, red until the block is left. Without data it keeps its state, here as on AWS.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html ("ignore")
    """
    cloudwatch = stage.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=stage.settings.project.capitalize(),
        MetricName="FailedCheckouts",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    try:
        turn(stage, name, "ALARM")
        yield
        turn(stage, name, "OK")
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])


def turn(stage: Stage, name: str, state: str) -> None:
    """As `aws cloudwatch set-alarm-state` does; an alarm that has data comes back by itself."""
    stage.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="the rehearsal")
