"""Pushing features to stores that services read: each version whole, or not at all."""

from drawloom.run.features.online.push import Pushed, push_features

__all__ = ["Pushed", "push_features"]
