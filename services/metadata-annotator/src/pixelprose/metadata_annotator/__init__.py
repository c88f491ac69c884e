"""The metadata-annotator: signals of an image before its caption, signals of the caption after."""
