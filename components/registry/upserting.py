"""MLflow's writes of a name and a value, from several processes at once."""

from collections.abc import Callable

from mlflow.exceptions import MlflowException


def upsert(write: Callable[..., object], *arguments: str) -> None:
    """Set a tag or an alias, also where another process sets the same one at the same moment.

    MLflow looks for the row and then inserts it: of two that found none, the slower breaks the database's uniqueness.
    By then the row is there, and the same call updates it. Any other failure shows at the second call.
    """
    try:
        write(*arguments)
    except MlflowException:
        write(*arguments)
