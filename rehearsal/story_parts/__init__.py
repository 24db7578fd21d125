"""What stories share: what they look at, break and compare."""
