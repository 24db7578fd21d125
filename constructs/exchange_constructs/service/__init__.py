"""An ECS service: its task, its image, its strategy, its alarms."""
