"""Decides about releases: pure functions over facts, without AWS, environment or clock."""
