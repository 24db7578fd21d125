"""Declarations of pipelines: from a template's words to those of the API, and what is refused of them."""
