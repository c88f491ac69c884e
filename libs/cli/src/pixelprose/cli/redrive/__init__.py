"""Dead letters and rejections: looked at, put back as one more attempt, or dropped; each once."""
