"""Services as they are, with models that read the scene's pixel code: quick to start, exact."""
