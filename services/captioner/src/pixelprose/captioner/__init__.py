"""The captioner: which images are worth a caption, what to ask, and what to make of the answer."""
