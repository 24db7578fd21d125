"""Step Functions: service integrations that are real calls."""
