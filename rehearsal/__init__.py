"""The rehearsal: the templates that AWS would get, deployed to a local AWS, with real processes and real traffic."""
