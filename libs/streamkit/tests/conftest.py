"""Tests are about behaviour, not about log lines: only the worst is printed."""

import logging

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
