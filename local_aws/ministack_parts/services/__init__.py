"""The parts of ministack's services that the local AWS uses, under public names: one module for each service."""
