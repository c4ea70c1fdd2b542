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
from tasks.check.docs_pages import make_plain, write_index
from tasks.check.expectations import Column

if TYPE_CHECKING:
    import pandas as pd

# The run's time is part of the pages' addresses; equal datasets must get equal pages.
MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
ADDRESS = f"{MOMENT:%Y%m%dT%H%M%S.%fZ}"


@dataclass(frozen=True)
class Finding:
    """A column for which an expectation of a table does not hold; in the sample, and the shard."""

    table: str
    column: str
    shard: str | None = None


@dataclass(frozen=True, eq=False)
class Tables:
    """What expectations are held against (tables.py); one without rows is left out."""

    summary: "pd.DataFrame"
    shares: "pd.DataFrame"
    statistics: "pd.DataFrame"
    previous: "pd.DataFrame"
    sample: "pd.DataFrame"


class ExpectationError(RuntimeError):
    """Great Expectations could not evaluate an expectation: a defect, not a bad dataset."""


def judge(tables: Tables, columns: Sequence[Column], check: Check, docs: Path) -> list[Finding]:
    """Hold the tables against what is expected of them; write Data Docs into the folder `docs`."""
    gx, gxe, run = _great_expectations()
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
        table = getattr(tables, name)
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
    make_plain(docs, ADDRESS)
    return list(dict.fromkeys(findings))


def begin_docs(docs: Path, tables: Tables, failures: Sequence[str]) -> None:
    """Write the first page of the Data Docs, with what failed in a sentence each."""
    summary = tables.summary.to_dict("records")[0]
    shown = {name: getattr(tables, name) for name in ("shares", "statistics", "previous")}
    write_index(docs, summary, failures, {name: t for name, t in shown.items() if len(t)})


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


def _result_format(table: "pd.DataFrame") -> dict[str, Any]:
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
