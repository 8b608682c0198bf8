"""A model of the training set: will a plane be more than 15 minutes late tomorrow? Writes models/late_tomorrow.joblib."""

import json
from pathlib import Path

import joblib
import pyarrow.parquet as pq
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

columns = json.loads(Path("training/manifest.json").read_text())["columns"]
rows = pq.read_table("training/training_set.parquet").to_pandas()
label = columns.pop("plane_delays.late_tomorrow")

model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
model.fit(rows[list(columns.values())], rows[label])

Path("models").mkdir(exist_ok=True)
joblib.dump(model, "models/late_tomorrow.joblib")
days = rows["as_of"].dt.date
print(f"trained on {len(rows):,} rows, {days.min()} .. {days.max()}: {rows[label].mean():.1%} were late")
