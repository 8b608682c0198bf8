"""The feature repository: what is interesting about an entity, each day, over any window, from carried states."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.features.compile import compile_features, warn_features
from drawloom.frameworks.features.page import features_page
from drawloom.frameworks.features.spec import Features

framework = Framework("features", Features, compile_features, features_page, warn=warn_features)

__all__ = ["Features", "framework"]
