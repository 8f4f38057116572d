"""The JSON Schema of a report and of a study's record, as the API gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

from study.model import Frozen, Report, StudyRecord

SchemaName = Literal["report", "study"]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(model: type[Frozen]) -> str:
    """Return the schema of what a model is written as, the same text each time."""
    written = model.model_json_schema(mode="serialization")
    return json.dumps({"$schema": _DIALECT, **written}, indent=2, ensure_ascii=False) + "\n"


SCHEMAS: dict[SchemaName, Callable[[], str]] = {
    "report": lambda: schema(Report),
    "study": lambda: schema(StudyRecord),
}
