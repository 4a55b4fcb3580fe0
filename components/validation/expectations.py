"""The one place that runs Great Expectations: in memory, quiet, and fed with escaped strings only."""

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from components.contract.stage import StageConfig
from components.validation.quicklooks import add_quicklooks
from components.validation.suite import Suite
from components.validation.tables import Tables
from components.validation.verdicts import EXAMPLES, verdict_of

SITE = "fusar"


def judge(suites: Sequence[Suite], config: StageConfig, tables: Tables, docs: Path | None) -> list[dict[str, Any]]:
    """Rows of VERDICTS of all suites, in the order of suites and expectations.

    Args:
        suites: to run.
        config: of the stage.
        tables: what they look at.
        docs: folder for Great Expectations' Data Docs; None writes none.
    """
    # Read once, when the library is imported.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    verdicts: list[dict[str, Any]] = []
    for suite in suites:
        frame = escaped(suite.frame(tables))
        result = _checked(context, suite, config, frame)
        verdicts.extend(verdict_of(suite, one, frame) for one in result.results)
    if docs is not None:
        _write_docs(context, docs)
        add_quicklooks(docs, verdicts, tables)
    return verdicts


def escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame with every string made harmless in HTML: Data Docs render values as they are (GX 1.24)."""
    safe = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_numeric_dtype(column):
            safe[name] = column
            continue
        words = {value: html.escape(str(value), quote=True) for value in column.dropna().unique()}
        safe[name] = column.map(words)
    return pd.DataFrame(safe)


def _checked(context: Any, suite: Suite, config: StageConfig, frame: pd.DataFrame) -> Any:
    import great_expectations as gx

    asset = context.data_sources.add_pandas(suite.name).add_dataframe_asset(suite.name)
    batch = asset.add_batch_definition_whole_dataframe("all")
    expected = context.suites.add(gx.ExpectationSuite(suite.name, expectations=suite.expectations(config)))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=suite.name, data=batch, suite=expected)
    )
    checkpoint = gx.Checkpoint(
        name=suite.name,
        validation_definitions=[definition],
        result_format={
            "result_format": "SUMMARY",
            "partial_unexpected_count": EXAMPLES,
            "unexpected_index_column_names": [suite.row_id],
            "return_unexpected_index_query": False,
        },
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return next(iter(outcome.run_results.values()))


def _write_docs(context: Any, folder: Path) -> None:
    for site in list(context.variables.data_docs_sites or {}):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        site_name=SITE,
        site_config={
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    context.build_data_docs(site_names=[SITE])
