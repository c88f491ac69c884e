"""What the spaCy pipeline learns English from: words with their classes, and sentences of them."""
