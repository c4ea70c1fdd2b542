"""Great Expectations on the table of a dataset, and its Data Docs on demand."""

import logging
import os
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.check.expectations import Finding

INDEX = "number"  # of a row in the table


def judge(table: pd.DataFrame, docs: Path | None = None) -> list[Finding]:
    """Return the rows of a table (checked_table.py) that are not numbers within their range.

    `docs` is a folder that gets the library's own pages, if anybody wants them.
    """
    gx, gxe = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("dataset").add_dataframe_asset("dataset")
    expected = [
        gxe.ExpectColumnValuesToNotBeNull(column="value"),
        _ordered(gxe, "value", "lower"),
        _ordered(gxe, "upper", "value"),
    ]
    definition = gx.ValidationDefinition(
        name="dataset",
        data=asset.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(gx.ExpectationSuite(name="dataset", expectations=expected)),
    )
    result = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": table.assign(**{INDEX: range(len(table))})},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [INDEX, *Finding._fields[:3]],
        },
    )
    if docs is not None:
        _write_docs(context, docs)
    found = {place[INDEX] for row in result.results for place in _places(row)}
    rows = table.iloc[sorted(found)][list(Finding._fields)]
    return [Finding(*row) for row in rows.itertuples(index=False)]


def _great_expectations() -> tuple[Any, Any]:
    """Import the library (seconds), silent; return it and its expectations."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    import great_expectations as gx
    import great_expectations.expectations as gxe

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx, gxe


def _ordered(gxe: Any, larger: str, smaller: str) -> Any:
    """Expect one column to be at least another, where both are numbers."""
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
    )


def _places(row: Any) -> list[dict[str, Any]]:
    """Return which rows of the table one expectation's result is about."""
    if row.success:
        return []
    places = row.result.get("unexpected_index_list")
    if not places:  # the library could not evaluate it
        raise RuntimeError(f"{row.expectation_config.type}: {row.exception_info or row.result}")
    return places


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
