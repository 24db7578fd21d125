"""CloudWatch Logs: what a log group may be encrypted with."""
