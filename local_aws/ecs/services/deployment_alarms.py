"""CloudWatch alarms that fail a deployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html. AWS does not say what an
alarm does that does not exist: here it never fires, and is watched from when it exists.
"""

from local_aws.ministack_parts.answers import Record
from local_aws.ministack_parts.services import cloudwatch

LONGEST_DEFAULT_BAKE = 5.0
MINUTES_OF_A_COMPOSITE = 1.0


class AlarmWatch:
    """The alarms of one deployment, from its start; if one is in ALARM then, none is watched for all of it."""

    def __init__(self, configuration: Record) -> None:
        settings = configuration.get("alarms") or {}
        self.names: list[str] = list(settings.get("alarmNames") or [])
        self.rolls_back = bool(settings.get("rollback"))
        self.triggered: list[str] = []
        self.watches = bool(settings.get("enable")) and not _in_alarm(self.names)

    def firing(self) -> list[str]:
        """Return the names of the alarms that are in ALARM now; they stay the reason."""
        if self.watches and (firing := _in_alarm(self.names)):
            self.triggered = firing
            return firing
        return []

    def default_bake(self) -> float:
        """Return the minutes of a rolling bake that is not configured: AWS computes "less than 5" of the alarms.

        How is not published: the longest evaluation it is here.
        """
        longest = max((_evaluation(name) for name in self.names), default=0.0)
        return min(longest, LONGEST_DEFAULT_BAKE) if self.watches else 0.0

    def view(self, *, over: bool) -> Record:
        """Return the ServiceDeploymentAlarms of DescribeServiceDeployments.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentAlarms.html
        """
        view: Record = {"status": self._status(over=over)}
        if self.names:
            view |= {"alarmNames": self.names, "triggeredAlarmNames": self.triggered}
        return view

    def _status(self, *, over: bool) -> str:
        if not self.watches:
            return "DISABLED"
        if self.triggered:
            return "TRIGGERED"
        return "MONITORING_COMPLETE" if over else "MONITORING"


def _in_alarm(names: list[str]) -> list[str]:
    return [name for name in names if (_alarm(name) or {}).get("StateValue") == "ALARM"]


def _evaluation(name: str) -> float:
    alarm = _alarm(name)
    if alarm is None:
        return 0.0
    periods = [alarm.get("Period"), *(_period(metric) for metric in alarm.get("Metrics") or [])]
    longest = max((float(period) / 60 for period in periods if period), default=MINUTES_OF_A_COMPOSITE)
    return longest * int(alarm.get("EvaluationPeriods") or 1)


def _period(metric: Record) -> float | None:
    return (metric.get("MetricStat") or {}).get("Period")


def _alarm(name: str) -> Record | None:
    return cloudwatch.alarms.get(name) or cloudwatch.composite_alarms.get(name)
