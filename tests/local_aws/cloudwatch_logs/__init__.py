"""Contract tests of CloudWatch Logs."""
