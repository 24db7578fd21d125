"""What the actions of each provider do."""
