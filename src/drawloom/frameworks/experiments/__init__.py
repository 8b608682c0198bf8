"""Experiments: who was exposed, whether the experiment is healthy, and what each variant did to each metric, for every day."""

from drawloom.frameworks.base import Framework
from drawloom.frameworks.experiments.commands import commands
from drawloom.frameworks.experiments.compile import compile_experiment
from drawloom.frameworks.experiments.page import experiment_page
from drawloom.frameworks.experiments.spec import Experiment

framework = Framework("experiment", Experiment, compile_experiment, experiment_page, commands=commands)

__all__ = ["Experiment", "framework"]
