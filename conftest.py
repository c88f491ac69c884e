"""Fixtures for all tests: one Kafka and one S3 server per run, started when first asked for."""

import logging

import structlog
from hypothesis import settings

pytest_plugins = ["pixelprose.embedded.testing"]

# Tests are about behaviour, not about log lines: only the worst is printed.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

# No test is about time: a busy machine may take long for an example.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
