"""What is decided about a release: pure functions over facts, without AWS, environment or clock."""
