"""Detectors: how odd the last days of many series are, given only the days before each of them; numpy alone.

Series are rows, consecutive days are columns, a day without a value is NaN. What a detector says of a day never depends on
that day's own value, nor on a later one, nor on what was said of other days. ``forecast`` needs statsmodels.
"""

from drawloom.statistics.series.causes import Causes, contributions, find_causes, rate_and_mix
from drawloom.statistics.series.forecast import forecast
from drawloom.statistics.series.judged import Judged
from drawloom.statistics.series.simple import change, threshold, zscore
from drawloom.statistics.series.weekday import Weekday, weekday_robust

__all__ = [
    "Causes",
    "Judged",
    "Weekday",
    "change",
    "contributions",
    "find_causes",
    "forecast",
    "rate_and_mix",
    "threshold",
    "weekday_robust",
    "zscore",
]
