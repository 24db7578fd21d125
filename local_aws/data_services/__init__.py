"""RDS, ElastiCache and MSK as local processes."""
