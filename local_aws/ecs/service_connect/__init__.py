"""ECS Service Connect: names that lead to the tasks of a service."""
