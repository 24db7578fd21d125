"""What holds state: database, cache, Kafka, buckets, secrets."""
