"""Anomalies: series out of any tables, judged each day by the days before, as alerts with their cause."""

from drawloom.frameworks.anomalies.compile import compile_anomalies
from drawloom.frameworks.anomalies.page import anomalies_page
from drawloom.frameworks.anomalies.spec import Anomalies
from drawloom.frameworks.anomalies.watch import warn_anomalies
from drawloom.frameworks.base import Framework

framework = Framework("anomalies", Anomalies, compile_anomalies, anomalies_page, warn=warn_anomalies, uses_tags=True)

__all__ = ["Anomalies", "framework"]
