"""Values as JSON that every reader understands."""

from __future__ import annotations

import json
import math
from typing import Any


def json_text(value: Any) -> str:
    """Valid JSON: what it has no number for is the text NaN, Infinity or -Infinity, a BLOB is as DuckDB prints it."""
    try:
        return json.dumps(value, indent=2, default=_json_default, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), indent=2, default=_json_default, ensure_ascii=False)


def _json_default(value: Any) -> str:
    return blob_text(value) if isinstance(value, bytes) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def blob_text(value: bytes) -> str:
    r"""Such as ``ab\xFF``, as DuckDB prints it."""
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'\"" else f"\\x{byte:02X}" for byte in value)
