"""What is counted, by documented names."""

from pixelprose.streamkit.metrics.registry import Metrics

__all__ = ["Metrics"]
