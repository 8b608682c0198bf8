"""The features of a spine by Feast, run by a Python that has it: `feature_feast.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Join the features of days as Feast does it by default, and write them."""
    import pandas as pd
    from feast import FeatureStore  # type: ignore[import-not-found]

    store = FeatureStore(repo_path=str(folder / "feast"))
    spine = pd.read_parquet(folder / "spine.parquet").rename(columns={"moment": "event_timestamp"})
    view = store.get_feature_view("people")
    names = [f"people:{field.name}" for field in view.features if field.name.startswith("amount_")]
    store.get_historical_features(spine, names).to_df().to_parquet(folder / "feast.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
