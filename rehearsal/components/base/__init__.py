"""What the processes of all components share; it is built into every image."""
