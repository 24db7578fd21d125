"""Alarms' topic, dashboards, logs."""
