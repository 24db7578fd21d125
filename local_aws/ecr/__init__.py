"""ECR: images that are pushed, kept, unpacked and scanned."""
