from tests.components.registry.conftest import empty_store  # noqa: F401
from tests.small_house import built_house, run_house  # noqa: F401
