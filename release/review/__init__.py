"""`python -m release diff`: what a change of the infrastructure would do, for whoever reviews it."""
