"""Great Expectations on the tables of a dataset, and its Data Docs for who asks for them."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from configs.schema.check import Check
from tasks.check.expectations import Column


@dataclass(frozen=True)
class Finding:
    """A column for which an expectation of a table does not hold; in the sample, and the shard."""

    table: str
    column: str
    shard: str | None = None


class ExpectationError(RuntimeError):
    """Great Expectations could not evaluate an expectation: a defect, not a bad dataset."""


def judge(
    tables: Mapping[str, pd.DataFrame],
    columns: Sequence[Column],
    check: Check,
    docs: Path | None = None,
) -> list[Finding]:
    """Hold the tables (checked_tables.py) against what is expected of them.

    `docs` is a folder that gets the library's own pages, if anybody wants them.
    """
    gx, gxe = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("dataset")
    expected = {
        "summary": _of_summary(gxe, check),
        "shares": [_ordered(gxe, "share", "least")],
        "statistics": _of_statistics(gxe, columns),
        "previous": _of_previous(gxe, check),
        "sample": _of_sample(gxe, columns),
    }
    findings = []
    for name, expectations in expected.items():
        table = tables[name]
        if len(table) == 0:
            continue  # an empty dataset fails by its summary
        asset = source.add_dataframe_asset(name)
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
        definition = gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
        )
        result = context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": table}, result_format=_result_format(table)
        )
        findings += [finding for row in result.results for finding in _findings(name, row)]
    if docs is not None:
        _write_docs(context, docs)
    return list(dict.fromkeys(findings))


def _great_expectations() -> tuple[Any, Any]:
    """Import the library (seconds), silent; return it and its expectations."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    import great_expectations as gx
    import great_expectations.expectations as gxe

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx, gxe


def _of_summary(gxe: Any, check: Check) -> list[Any]:
    return [
        gxe.ExpectColumnValuesToBeBetween(column="rows", min_value=check.min_rows),
        gxe.ExpectColumnValuesToBeBetween(
            column="drop_share", min_value=0.0, max_value=check.max_drop_share
        ),
    ]


def _of_statistics(gxe: Any, columns: Sequence[Column]) -> list[Any]:
    return [
        _of_columns(gxe, columns),
        gxe.ExpectColumnValuesToBeBetween(column="non_finite", min_value=0, max_value=0),
        _ordered(gxe, "minimum", "lower"),
        _ordered(gxe, "upper", "maximum"),
    ]


def _of_previous(gxe: Any, check: Check) -> list[Any]:
    if check.previous is None:
        return []
    shift, ratio = check.previous.max_shift, check.previous.max_ratio
    return [
        gxe.ExpectColumnValuesToBeBetween(column="shift", min_value=-shift, max_value=shift),
        gxe.ExpectColumnValuesToBeBetween(column="ratio", min_value=1.0, max_value=ratio),
    ]


def _of_sample(gxe: Any, columns: Sequence[Column]) -> list[Any]:
    return [
        _of_columns(gxe, columns),
        gxe.ExpectColumnValuesToNotBeNull(column="value"),
        _ordered(gxe, "value", "lower"),
        _ordered(gxe, "upper", "value"),
    ]


def _of_columns(gxe: Any, columns: Sequence[Column]) -> Any:
    """Expect the columns of the layout, all of them and no others."""
    return gxe.ExpectColumnDistinctValuesToEqualSet(
        column="column", value_set=[column.name for column in columns]
    )


def _ordered(gxe: Any, larger: str, smaller: str) -> Any:
    """Expect one column to be at least another, where both are numbers."""
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
    )


def _result_format(table: pd.DataFrame) -> dict[str, Any]:
    named = [name for name in ("shard", "column") if name in table]
    found: dict[str, Any] = {"result_format": "COMPLETE"}
    return found | {"unexpected_index_column_names": named} if named else found


def _findings(table: str, row: Any) -> list[Finding]:
    """Return what one expectation's result says is wrong, once a column and shard."""
    if row.success:
        return []
    kind, arguments = row.expectation_config.type, row.expectation_config.kwargs
    if row.exception_info and not row.result:
        raise ExpectationError(f"{kind} of {table}: {row.exception_info}")
    places = row.result.get("unexpected_index_list") or []
    if table == "summary":
        return [Finding(table, arguments["column"])]
    if not places:
        raise ExpectationError(f"{kind} of {table}: {row.result}")
    found = (Finding(table, place["column"], place.get("shard")) for place in places)
    return list(dict.fromkeys(found))


def _write_docs(context: Any, docs: Path) -> None:
    """Build the library's pages into a folder."""
    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs)}
    context.add_data_docs_site(
        site_name="docs",
        site_config={
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": backend,
        },
    )
    context.build_data_docs(site_names=["docs"])
