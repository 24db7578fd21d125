"""The reusable parts of the stacks, in rooms and modules by subject."""
