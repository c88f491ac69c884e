"""One page that shows what is in the tables: pictures with captions, counts, distributions."""

from pixelprose.report.make import Progress, Summary, make_report
from pixelprose.report.request import Request

__all__ = ["Progress", "Request", "Summary", "make_report"]
