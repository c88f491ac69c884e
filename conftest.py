"""Fixtures for all tests: one Kafka and one S3 server per run, started when first asked for."""

import logging

import structlog

pytest_plugins = ["pixelprose.embedded.testing"]

# Tests are about behaviour, not about log lines: only the worst is printed.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
