"""`fusar predict`: ask a registered model about scenes; layers for QGIS come out, and an edge of the lineage."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from components.inference.batch.run import Request
    from components.revisions.home import Home


def predict(
    scenes: Annotated[
        list[Path],
        typer.Argument(
            metavar="SCENE...",
            help="GeoTIFFs with one band for each polarisation, folders of them, or STAC items and collections.",
            show_default=False,
            exists=True,
        ),
    ],
    model: Annotated[str, typer.Option(help="Registered model: NAME@ALIAS or NAME/VERSION.")] = "fusar-gpt@champion",
    polarizations: Annotated[
        str, typer.Option(help="Bands in their order, e.g. VV,VH; default: the STAC item's.")
    ] = "",
    scale: Annotated[str, typer.Option(help="linear, decibel or amplitude; default: the STAC item's.")] = "",
    out: Annotated[
        Path,
        typer.Option(help="Folder for SCENE.gpkg, .geojson, .qml and .png of one scene; of many: GeoParquet, GeoJSON."),
    ] = Path("predictions"),
) -> None:
    """Write what a model says about SCENE as layers that QGIS opens at their place; many scenes at once, resumable.

    Example: fusar predict data/scenes/rotterdam-c3.tif
    """
    from components.inference.batch.run import Request, predict_all
    from components.revisions.home import find_home

    home = find_home(Path.cwd())
    request = Request(tuple(scenes), model, polarizations, scale, out)
    is_one = len(scenes) == 1 and scenes[0].is_file() and scenes[0].suffix.lower() != ".json"
    summary = _predict_one(home, request) if is_one else predict_all(home, request)
    for scene in summary.get("set_aside", ()):
        print(f"set aside: {scene['reason']}", file=sys.stderr)
    typer.echo(json.dumps(summary))


def _predict_one(home: "Home", request: "Request") -> dict[str, Any]:
    """One scene with all layers and a picture."""
    from components.inference.batch.run import record_one
    from components.inference.geopackage import write_geopackage
    from components.inference.layers import write_geojson, write_picture
    from components.inference.registered import started
    from components.inference.scene import predict_scene
    from components.inference.sensing import bands_of

    (scene,), out = request.sources, request.folder
    bands = bands_of(scene, request.polarizations, request.scale)
    with started(home.root, request.model) as registered:
        predictions = predict_scene(scene, bands, registered.answer, registered.chips)
    out.mkdir(parents=True, exist_ok=True)
    layer, styled, picture = (out / f"{scene.stem}.{ending}" for ending in ("geojson", "gpkg", "png"))
    write_geojson(predictions, registered.name, layer)
    write_geopackage(predictions, registered.name, styled)
    write_picture(predictions, f"{scene.stem}, {registered.name}", picture)
    record_one(home, registered.name, scene, (layer, styled, picture))
    found = sum(len(chip.boxes) for chip in predictions)
    files = {"layer": str(layer), "styled": str(styled), "picture": str(picture)}
    return {"chips": len(predictions), "boxes": found, **files}
