"""Builds images and leaves them, under one digest, in every registry that they are released from."""
