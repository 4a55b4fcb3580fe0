"""No scene of the version, or of a version that its weights came from, was withdrawn."""

from components.lineage.ancestors import with_ancestors
from components.lineage.errors import LineageError
from components.lineage.withdrawals import reached_by, withdrawn
from components.registry.gates.gate import Candidate, Gate, Outcome, Settings


class NoWithdrawnScene(Settings):
    """The gate has no settings; it stands in every policy, named there or not."""


def judge(settings: NoWithdrawnScene, candidate: Candidate, champion: Candidate | None) -> Outcome:
    """Compare contents, not names, with the withdrawals of the default branch, of HEAD and of the journal."""
    try:
        contents = withdrawn(candidate.home)
        made_of = with_ancestors(candidate.client, candidate.name, candidate.lineage) if contents else ()
    except LineageError as error:  # what nobody can read, nobody may trust
        return Outcome(False, str(error), {"withdrawn": None, "scenes": []})
    found = [
        {"version": name, "scene_id": scene.scene_id, "md5": file.md5, "reason": contents[file.md5].reason}
        for name, lineage in made_of
        for scene in reached_by(lineage, contents)
        for file in scene.files
        if file.md5 in contents
    ]
    evidence = {"withdrawn": len(contents), "scenes": found}
    if found:
        return Outcome(False, _sentence(found), evidence)
    return Outcome(True, f"none of its scenes is among the {len(contents)} withdrawn contents", evidence)


def _sentence(found: list[dict[str, str]]) -> str:
    scenes = {scene["scene_id"]: scene["reason"] for scene in found}
    named = ", ".join(f"{name} ({reason})" for name, reason in sorted(scenes.items())[:3])
    more = f" and {len(scenes) - 3} more" if len(scenes) > 3 else ""
    versions = ", ".join(sorted({scene["version"] for scene in found}))
    return f"{versions} was made with withdrawn scenes: {named}{more}"


GATE = Gate("no_withdrawn_scene", NoWithdrawnScene, judge)
