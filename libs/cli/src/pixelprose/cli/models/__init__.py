"""Real models: what a profile names, fetched once, then found without a network."""
