"""Roles of people and of GitHub."""
