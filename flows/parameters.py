"""Types of the parameters of flows: Prefect's form shows their choices, and the server refuses what does not fit."""

from typing import Annotated, Final, Literal

from pydantic import Field

Priority = Literal["urgent", "normal", "background"]
# Queue of each priority in every pool, the first one served first. Prefect itself makes `default`.
QUEUES: Final[dict[Priority, str]] = {"urgent": "urgent", "normal": "default", "background": "background"}
# Nothing that a program could take for an option, and no text of several lines.
Profile = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=64)]
Revision = Annotated[str, Field(pattern=r"^[^-\s\x00-\x1f][^\s\x00-\x1f]*$", max_length=250)]
StageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=200)]
VersionNumber = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
# MODEL@ALIAS, MODEL/VERSION or MODEL.
AskedVersion = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*([@/][A-Za-z0-9_.-]+)?$", max_length=250)]
# Of a file or folder: relative to the repository, or absolute.
Location = Annotated[str, Field(pattern=r"^[^-\s\x00-\x1f][^\x00-\x1f]*$", max_length=1000)]
