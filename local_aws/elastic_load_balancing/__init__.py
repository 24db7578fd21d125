"""Elastic Load Balancing: real HTTP through weighted rules to healthy targets."""
