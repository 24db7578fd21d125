"""What is deployed together, one stack a file, and their composition."""
