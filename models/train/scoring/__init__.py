"""What the aesthetic scorer and the toxicity scorer are made of and trained with."""
