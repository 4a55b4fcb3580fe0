"""`file:checksum` of the STAC file extension: a multihash, as hexadecimal digits."""

import hashlib
from pathlib import Path
from typing import Final

# Codes of the multihash table to hashlib's names; a code is a varint, of which md5's alone takes two bytes.
_FUNCTIONS: Final = {
    "11": "sha1",
    "12": "sha256",
    "13": "sha512",
    "14": "sha3_512",
    "16": "sha3_256",
    "d501": "md5",
}


def problem_of(file: Path, checksum: object) -> str:
    """What is wrong with a file by its multihash; "" where they agree."""
    text = checksum.lower() if isinstance(checksum, str) else ""
    code = text[:4] if text.startswith("d5") else text[:2]
    name = _FUNCTIONS.get(code)
    if name is None:
        return f"file:checksum {str(checksum)[:20]!r} is of no known function ({', '.join(_FUNCTIONS.values())})"
    with file.open("rb") as content:
        found = hashlib.file_digest(content, name)
    expected = f"{code}{found.digest_size:02x}{found.hexdigest()}"
    return "" if text == expected else f"its bytes are not those of file:checksum ({name} {found.hexdigest()[:12]}...)"
