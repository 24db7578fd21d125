"""How long CloudWatch Logs keeps what it is told."""

from aws_cdk import aws_logs as logs


def retention_of(days: int) -> logs.RetentionDays:
    """CDK's name for a number of days that CloudWatch Logs knows."""
    known = {1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH"}
    known |= {60: "TWO_MONTHS", 90: "THREE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR", 731: "TWO_YEARS"}
    return logs.RetentionDays[known[days]]
