"""The broker of environments whose Kafka runs on ECS: the rehearsal's stand-in for Kafka, in an image."""
