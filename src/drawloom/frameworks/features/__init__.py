"""The feature repository: what is interesting about an entity, each day, over any window, from carried states."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.features.compile import compile_features, features_warnings
from drawloom.frameworks.features.page import features_page
from drawloom.frameworks.features.spec import Features

framework = Framework("features", Features, compile_features, features_page, warn=features_warnings)

__all__ = ["Features", "framework"]
