"""ECS tasks: containers as local processes."""
