"""What a large job takes: reckoned from what a small one took, with every assumption shown."""
