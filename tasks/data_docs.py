"""Great Expectations on the tables of a dataset, and its Data Docs as plain static pages."""

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.schema.check import Check
from tasks.docs_pages import make_plain
from tasks.expectations import Column

if TYPE_CHECKING:
    import pandas as pd

# The run's time is part of the pages' addresses; equal datasets must get equal pages.
MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
ADDRESS = f"{MOMENT:%Y%m%dT%H%M%S.%fZ}"


@dataclass(frozen=True)
class Finding:
    """A column for which an expectation does not hold, and the shard."""

    column: str
    shard: str | None  # None: the whole dataset


class ExpectationError(RuntimeError):
    """Great Expectations could not evaluate an expectation: a defect, not a bad dataset."""


def judge(
    summary: "pd.DataFrame",
    statistics: "pd.DataFrame",
    sample: "pd.DataFrame",
    columns: Sequence[Column],
    check: Check,
    docs: Path,
) -> list[Finding]:
    """Hold the tables against what is expected of them; write Data Docs into the folder `docs`."""
    gx, gxe, run = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("dataset")
    findings = []
    for name, table, expectations in (
        ("summary", summary, _of_summary(gxe, check)),
        ("statistics", statistics, _of_statistics(gxe, columns)),
        ("sample", sample, _of_sample(gxe, columns)),
    ):
        if len(table) == 0:
            continue  # an empty dataset fails by its summary
        asset = source.add_dataframe_asset(name)
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
        definition = gx.ValidationDefinition(
            name=name, data=asset.add_batch_definition_whole_dataframe("all"), suite=suite
        )
        result = context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": table},
            result_format=_result_format(table),
            run_id=run,
        )
        findings += [finding for row in result.results for finding in _findings(name, row)]
    _write_docs(context, docs)
    make_plain(docs, ADDRESS, summary.to_dict("records")[0] | {"failures": len(set(findings))})
    return list(dict.fromkeys(findings))


def _great_expectations() -> tuple[Any, Any, Any]:
    """Import the library (seconds), silent; return it, its expectations and a run's name."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core.run_identifier import RunIdentifier

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx, gxe, RunIdentifier("check", MOMENT)


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


def _result_format(table: "pd.DataFrame") -> dict[str, Any]:
    if "shard" not in table:
        return {"result_format": "COMPLETE"}
    return {"result_format": "COMPLETE", "unexpected_index_column_names": ["shard", "column"]}


def _findings(table: str, row: Any) -> list[Finding]:
    """Return what one expectation's result says is wrong, once a column and shard."""
    if row.success:
        return []
    kind, arguments = row.expectation_config.type, row.expectation_config.kwargs
    if row.exception_info and not row.result:
        raise ExpectationError(f"{kind} of {table}: {row.exception_info}")
    places = row.result.get("unexpected_index_list") or []
    if table == "summary" or not places:
        return [Finding(arguments.get("column", table), None)]
    return list(dict.fromkeys(Finding(place["column"], place["shard"]) for place in places))


def _write_docs(context: Any, docs: Path) -> None:
    """Build the library's pages into a fresh folder."""
    shutil.rmtree(docs, ignore_errors=True)
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
