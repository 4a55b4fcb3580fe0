"""A caption that came with a scene, in the codes of its family's fields, and how it travels with the scene's chips.

It stands in the Parquet file's own metadata: the file is the scene's, and so is the caption.
"""

from pathlib import Path
from typing import Final, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, model_validator

from components.records.families import BY_NAME, UNKNOWN_CODE

GIVEN: Final = "given"  # the annotator of a clause that came with its scene
MOST_CHARACTERS: Final = 2000
_KEY: Final = b"fusar.given"


class GivenClause(BaseModel):
    """What a caption says in one field.

    Attributes:
        text: its own words.
        code: of the field's closed list; None where nobody said which code the words are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    code: str | None = None


class GivenCaption(BaseModel):
    """A caption: its family, and what it says by field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: Literal["landform", "ship", "aircraft"]
    clauses: dict[str, GivenClause] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _of_its_family(self) -> Self:
        fields = {field.name: field.values for field in BY_NAME[self.family].fields}
        for name, clause in self.clauses.items():
            if name not in fields:
                raise ValueError(f"clauses.{name[:40]}: no field of the family {self.family}")
            if clause.code is not None and (clause.code not in fields[name] or clause.code == UNKNOWN_CODE):
                raise ValueError(f"clauses.{name}.code: {clause.code[:40]!r} is none of the field's codes")
        return self


def with_given(schema: pa.Schema, caption: GivenCaption) -> pa.Schema:
    """The schema for the chips of a scene that has a caption."""
    return schema.with_metadata({**schema.metadata, _KEY: caption.model_dump_json().encode()})


def given_in(file: Path) -> GivenCaption | None:
    """The caption that the chips of a scene came with."""
    content = (pq.read_schema(file).metadata or {}).get(_KEY)
    return None if content is None else GivenCaption.model_validate_json(content)
