"""Fetches images from the open web into quarantine; run it with `python -m pixelprose.ingester`."""
