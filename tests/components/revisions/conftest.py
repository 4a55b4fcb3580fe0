from tests.small_house import built_house, finished_house, house, run_house  # noqa: F401
