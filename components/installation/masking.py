"""Values of variables and addresses with their secrets taken out."""

import re

SECRET_NAME = re.compile(r"TOKEN|PASS|SECRET|KEY|CREDENTIAL|AUTH", re.IGNORECASE)
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
SECRET_FIELD = re.compile(r"([?&;,](?:[^=&;,\s]*(?:token|pass|secret|key|sig|credential)[^=&;,\s]*)=)[^&;,\s]*", re.I)


def masked(text: str) -> str:
    """A text without the user names, passwords and keys in its addresses."""
    return SECRET_FIELD.sub(r"\1***", CREDENTIALS.sub("***@", text))


def masked_value(name: str, value: str) -> str:
    """The value of a variable as it may be shown: nothing of it where the name says that it is a secret."""
    return "***" if SECRET_NAME.search(name) else masked(value)
