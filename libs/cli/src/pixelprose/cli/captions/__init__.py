"""The public caption topic, read as a downstream user would read it."""
