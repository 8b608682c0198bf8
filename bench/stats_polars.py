"""The metrics of the tier standard with polars, lazily and streaming: run by bench/stats.py in a Python that has it."""

from __future__ import annotations

import sys

import polars as pl


def expressions(name: str, kind: pl.DataType) -> list[pl.Expr]:
    """What the tier standard has of a column."""
    column = pl.col(name)
    found = [column.count().alias(f"{name}__non_null")]
    if kind.is_numeric():
        finite = column.filter(column.is_finite()) if kind.is_float() else column
        found += [finite.min().alias(f"{name}__min"), finite.max().alias(f"{name}__max")]
        found += [finite.sum().alias(f"{name}__sum"), finite.std().alias(f"{name}__std")]
        found += [(column == 0).sum().alias(f"{name}__zero"), (column < 0).sum().alias(f"{name}__negative")]
        if kind.is_float():
            found += [column.is_nan().sum().alias(f"{name}__nan"), column.is_infinite().sum().alias(f"{name}__inf")]
    if kind == pl.String:
        length = column.str.len_chars()
        found += [column.min().alias(f"{name}__min"), column.max().alias(f"{name}__max")]
        found += [length.min().alias(f"{name}__len_min"), length.max().alias(f"{name}__len_max")]
        found += [length.sum().alias(f"{name}__len_sum"), (column == "").sum().alias(f"{name}__empty")]
    if kind.is_temporal():
        found += [column.min().alias(f"{name}__min"), column.max().alias(f"{name}__max")]
    if kind == pl.Boolean:
        found.append(column.sum().alias(f"{name}__true"))
    elif isinstance(kind, pl.List):
        size = column.list.len()
        found += [
            size.min().alias(f"{name}__size_min"),
            size.max().alias(f"{name}__size_max"),
            size.sum().alias(f"{name}__size"),
        ]
    else:
        found.append(column.approx_n_unique().alias(f"{name}__distinct"))
    return found


def main() -> None:
    """One pass over the file."""
    scan = pl.scan_parquet(sys.argv[1])
    items = [one for name, kind in scan.collect_schema().items() for one in expressions(name, kind)]
    print(scan.select(items).collect(engine="streaming").shape)


if __name__ == "__main__":
    main()
