"""What the release knows of AWS: one small adapter per service."""
