"""The rehearsal: the templates that AWS would get, deployed to a local AWS, with real processes and real traffic."""

import stacks  # noqa: F401  (sets the import roots of this project)
