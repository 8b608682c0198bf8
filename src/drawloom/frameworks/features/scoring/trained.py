"""Whether features still are what a model was trained with, by the manifest of its training set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from drawloom.frameworks.features.scoring.code import file_hash
from drawloom.model import Fix, InputError, Problem, refuse
from drawloom.specs.validation import did_you_mean


def manifest_hash(trained: str, folder: Path | None) -> str:
    """The content hash of a manifest; '' where there is none yet."""
    return file_hash(folder / trained) if folder else ""


def check_trained(trained: str, features: Mapping[str, str], folder: Path) -> None:
    """Refuse features that are not those of the training set.

    Args:
        trained: the path of the manifest from the project's folder.
        features: the fingerprints of the features that are about to be used, by ``set.feature``.
        folder: the project's.

    Raises:
        InputError: there is no manifest, it has none of these features, or another fingerprint of them.
    """
    if problems := list(_problems(trained, features, _read_features(trained, folder))):
        raise InputError(*problems)


def _read_features(trained: str, folder: Path) -> Mapping[str, str]:
    place, path = f"scoring.trained == {trained}", folder / trained
    if not path.is_file():
        fix = "Make a training set with `drawloom features training-set` and keep its manifest.json in the project."
        raise refuse(
            "no-manifest", f"{place}, must be the manifest of a training set: there is no such file.", None, fix
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["features"]
        return {str(name): str(fingerprint) for name, fingerprint in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{place}, must be the manifest of a training set, and cannot be read: {type(error).__name__}."
        raise refuse("bad-manifest", message) from error


def _problems(trained: str, features: Mapping[str, str], known: Mapping[str, str]) -> Iterator[Problem]:
    for name, fingerprint in features.items():
        if name not in known:
            fix = Fix(did_you_mean(name, known) or "Train the model with it, or leave it out of scoring.features.")
            message = f"scoring.features == {name}, must be one that the model was trained with, by {trained}."
            yield Problem("not-trained", "error", message, fix=fix)
        elif known[name] != fingerprint:
            message = (
                f"scoring.features == {name}, must be what the model was trained with: its definition has changed, "
                f"from {known[name]} in {trained} to {fingerprint}."
            )
            fix = Fix("Train the model again with the new features, or restore their definition.")
            yield Problem("changed-feature", "error", message, fix=fix)
