"""ECS: tasks as processes, deployments with every strategy, Service Connect."""
