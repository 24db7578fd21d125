"""The services of which a release asks little: images, alarms, listener rules, secrets, executions."""
# ruff: noqa: N803 - the arguments have the names that boto gives them

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.unit.aws.answers import Paginated, error

if TYPE_CHECKING:
    from tests.unit.aws.account import Account


class Ecr:
    """One repository."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def batch_get_image(self, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:
        return {"images": [{"imageId": image} for image in imageIds if image["imageDigest"] in self.account.images]}


class CloudWatch(Paginated):
    """Alarms by name, metrics by what was reported."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def describe_alarms(self, AlarmNamePrefix: str, AlarmTypes: list[str]) -> dict[str, Any]:
        named = [(name, state) for name, state in self.account.alarms.items() if name.startswith(AlarmNamePrefix)]
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": state} for name, state in named]}

    def get_metric_data(self, MetricDataQueries: list[dict[str, Any]], **span: Any) -> dict[str, Any]:
        """What the account has `reported`, by metric and digest, newest first."""
        assert span["ScanBy"] == "TimestampDescending"
        assert span["StartTime"] < span["EndTime"]
        results = []
        for query in MetricDataQueries:
            metric = query["MetricStat"]["Metric"]
            assert metric["Namespace"] == "Exchange"
            digest = next(dimension["Value"] for dimension in metric["Dimensions"] if dimension["Name"] == "Digest")
            values = self.account.reported.get((metric["MetricName"], digest), [])
            results.append({"Id": query["Id"], "Values": values, "StatusCode": "Complete"})
        return {"MetricDataResults": results}


class LoadBalancing:
    """One listener rule, with the account's weights."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def describe_rules(self, RuleArns: list[str]) -> dict[str, Any]:
        if not self.account.weights:
            raise error("RuleNotFound")
        groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in self.account.weights.items()]
        return {"Rules": [{"RuleArn": RuleArns[0], "Actions": [{"ForwardConfig": {"TargetGroups": groups}}]}]}

    def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:
        states = self.account.targets if self.account.weights.get(TargetGroupArn) else {"10.9.9.9": "unhealthy"}
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": address, "Port": 3000}, "TargetHealth": {"State": state}}
                for address, state in states.items()
            ]
        }


class SecretsManager:
    """Secrets by ARN: an error's code, or what is known of one."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        secret = self.account.secrets.get(SecretId, "ResourceNotFoundException")
        if isinstance(secret, str):
            raise error(secret)
        return {"ARN": SecretId, **secret}


class StepFunctions(Paginated):
    """Executions: `live` names those that run."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def start_execution(self, **request: Any) -> None:
        if any(started["name"] == request["name"] for started in self.account.started):
            raise error("ExecutionAlreadyExists")
        self.account.started.append(request)

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        name = executionArn.rpartition(":")[2]
        if name not in self.account.live:
            raise error("ExecutionDoesNotExist")
        return {"status": "RUNNING"}

    def get_execution_history(self, executionArn: str, reverseOrder: bool, **_paging: Any) -> dict[str, Any]:
        def at(second: int) -> datetime:
            return datetime(2026, 11, 24, 10, 0, second, tzinfo=UTC)

        assert reverseOrder
        return {
            "events": [
                {"id": 4, "timestamp": at(4), "stateEnteredEventDetails": {"name": "RecordSuccess"}},
                {"id": 3, "timestamp": at(3), "stateExitedEventDetails": {"name": "Lock"}},
                {"id": 2, "timestamp": at(1), "stateEnteredEventDetails": {"name": "Lock"}},
                {"id": 1, "timestamp": at(0), "type": "ExecutionStarted"},
            ]
        }


class Logs:
    """A stream of each task that wrote anything."""

    def __init__(self, account: "Account") -> None:
        self.account = account

    def get_log_events(
        self, logGroupName: str, logStreamName: str, limit: int, startFromHead: bool
    ) -> dict[str, list[dict[str, str]]]:
        lines = self.account.written.get(f"{logGroupName} {logStreamName}")
        if lines is None:
            raise error("ResourceNotFoundException", "The specified log stream does not exist.")
        assert not startFromHead
        return {"events": [{"message": f"{line}\n"} for line in lines[-limit:]]}
