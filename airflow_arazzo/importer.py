"""Documents as DAG files, without any Python: a DAG importer for Airflow 3.4, where importers are experimental."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.module_loading import import_string
from airflow.sdk.importers.base import (
    AbstractDagImporter,
    DagDefinition,
    DagImportError,
    DagImportResult,
    DagSourceCode,
    FilesystemDagDefinition,
    find_file_dag_definitions,
    get_file_suffix,
)

from airflow_arazzo.factory.folder import DocumentDags
from arazzo.errors import DocumentError
from arazzo.source.document_files import SUFFIXES, is_document


class ArazzoDagImporter(AbstractDagImporter[Any]):
    """Makes a DAG of each workflow of each Arazzo document in a bundle.

    Name it in ``[dag_processor] dag_importer_configs``, or under ``importers`` of a bundle::

        [{"classpath": "airflow_arazzo.importer.ArazzoDagImporter", "kwargs": {"connections": {"shop": "shop_test"}}}]

    Airflow chooses an importer only by a file's suffix, the last one configured for that. So all files with the suffix
    come here; those that are not Arazzo documents go to ``others``, or nowhere.

    :param extensions: suffixes of the files.
    :param others: the class path of the importer for other files with these suffixes, such as
        ``airflow.sdk.importers.yaml_importer.YamlDagImporter``.
    :param workflows: arguments for the DAGs of single workflows, by workflow id.
    :param arguments: arguments for all of them, as for :func:`airflow_arazzo.load_dags`.
    :raises TypeError: if an argument does not exist.
    :raises ValueError: if a setting has an invalid value.
    """

    def __init__(
        self,
        extensions: list[str] | None = None,
        others: str | None = None,
        workflows: Mapping[str, Mapping[str, Any]] | None = None,
        **arguments: Any,
    ) -> None:
        self.supported_extensions = list(extensions or SUFFIXES)
        self._others = import_string(others)() if others else None
        self._documents = DocumentDags(workflows or {}, arguments)

    def can_handle(self, definition: DagDefinition | str | Path) -> bool:
        """Say whether a file has one of the suffixes."""
        return get_file_suffix(definition) in self.supported_extensions

    def list_dag_definitions(self, bundle: Any, *, safe_mode: bool = True) -> Iterator[DagDefinition | DagImportError]:
        """Yield the documents of a bundle, and what the other importer finds among the other files."""
        for definition in find_file_dag_definitions(bundle.path, self.supported_extensions):
            if _is_ours(definition):
                yield definition
        if self._others is not None:
            for found in self._others.list_dag_definitions(bundle, safe_mode=safe_mode):
                if isinstance(found, DagImportError) or not _is_ours(found):
                    yield found

    def import_definition(self, definition: DagDefinition, bundle: Any) -> DagImportResult:
        """Return the DAGs of a document, and an import error for the workflows that cannot be run."""
        if not _is_ours(definition):
            if self._others is None:
                return DagImportResult(definition=definition)
            result: DagImportResult = self._others.import_definition(definition, bundle)
            return result
        dags, error = self._documents.read(definition.path)
        errors = [] if error is None else [_import_error(repr(definition), error)]
        return DagImportResult(definition=definition, dags=dags, errors=errors)

    def get_source_code(self, definition: DagDefinition, dag_id: str | None = None) -> DagSourceCode:
        """Return the document's text for the Code tab."""
        language = "json" if get_file_suffix(definition) == ".json" else "yaml"
        return DagSourceCode(source_code=definition.read_text(encoding="utf-8"), language=language)


def _is_ours(definition: DagDefinition) -> bool:
    return isinstance(definition, FilesystemDagDefinition) and is_document(definition.path)


def _import_error(source: str, error: Exception) -> DagImportError:
    """Return what is wrong with a document in Airflow's form.

    Airflow stores ``stacktrace`` instead of the message, so it has the whole text: each problem with its line.
    """
    text = str(error)
    first = (
        next((problem for problem in error.problems if problem.is_error), None)
        if isinstance(error, DocumentError)
        else None
    )
    if first is None:
        return DagImportError(source_reference=source, message=text, error_type="arazzo", stacktrace=text)
    return DagImportError(
        source_reference=source,
        message=first.message,
        error_type=first.rule,
        line_number=first.place.line or None,
        column_number=first.place.column or None,
        context=first.place.excerpt or None,
        suggestion=first.hint,
        stacktrace=text,
    )
