"""The typed records of the pipeline, their identities, topics and wire format."""
