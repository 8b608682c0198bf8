"""Scoring: a model over the features of a day, batch by batch, as steps of the set's pipeline."""
