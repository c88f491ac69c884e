"""One image's way through every topic, table and object of the store."""
