"""What AWS calls: each handler parses, fetches facts, lets the engine decide, and acts."""
