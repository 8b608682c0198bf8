"""The metric repository: what each subject did on each day, one scan of a source for all metrics of it."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.metrics.compile import compile_metrics
from drawloom.frameworks.metrics.page import metrics_page
from drawloom.frameworks.metrics.spec import Metric, Metrics

framework = Framework("metrics", Metrics, compile_metrics, metrics_page)

__all__ = ["Metric", "Metrics", "framework"]
