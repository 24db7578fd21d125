"""The reusable parts of the stacks, in rooms by subject."""
