"""Deploys what of an environment's infrastructure differs, never at once with a release, and never the pipeline."""
