"""Asks AWS, and acts there: one small adapter per service."""
