from tests.flows.conftest import house, house_with_runs, server  # noqa: F401
from tests.small_house import built_house  # noqa: F401
