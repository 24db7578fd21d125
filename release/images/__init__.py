"""Builds images once, names them by their content, and judges what scans have found in them."""
