"""ECS services and their deployments."""
