"""Reviews a change of the infrastructure, for `diff`, `infrastructure` and the comment in a pull request."""
