"""The release machine, its functions and what they may do."""
