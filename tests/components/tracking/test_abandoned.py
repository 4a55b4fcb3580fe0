from components.tracking.abandoned import end_abandoned
from components.tracking.runs import Tracking


def test_open_runs_of_flow_runs_that_are_over_are_closed_and_no_others(tmp_path):
    tracking = Tracking(tmp_path)
    dead, alive = (tracking.start_retrain_run("c" * 40, "tiny", name) for name in ("dead", "alive"))
    lost, works = (tracking.start_stage_run(parent, "cut", "k") for parent in (dead, alive))
    assert end_abandoned(tracking, lambda flow_run_id: flow_run_id == "dead") == (f"tiny {'c' * 10}", "cut")
    statuses = {run: tracking.client.get_run(run).info.status for run in (dead, lost, alive, works)}
    assert statuses == {dead: "KILLED", lost: "KILLED", alive: "RUNNING", works: "RUNNING"}
    assert "lost" in tracking.client.get_run(lost).data.tags["fusar.failure"]
    assert end_abandoned(tracking, lambda flow_run_id: flow_run_id == "dead") == ()


def test_what_a_closed_retrain_left_open_is_closed(tmp_path):
    tracking = Tracking(tmp_path)
    parent = tracking.start_retrain_run("c" * 40, "tiny", "f")
    child = tracking.start_stage_run(parent, "cut", "k")
    tracking.finish_retrain_run(parent, "FAILED")
    assert end_abandoned(tracking, lambda flow_run_id: False) == ("cut",)
    assert tracking.client.get_run(child).info.status == "KILLED"
