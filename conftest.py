"""Fixtures for all tests: one Kafka and one S3 server per run, started when first asked for."""

pytest_plugins = ["pixelprose.embedded.testing"]
