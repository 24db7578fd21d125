"""Holds the operator's command line, `exchange-release`: it starts release machines and follows them."""
