"""EventBridge: the events that AWS itself sends."""
