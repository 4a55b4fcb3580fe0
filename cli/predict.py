"""`fusar predict`: ask a registered model about a scene; layers for QGIS and a picture come out."""

import json
from pathlib import Path
from typing import Annotated

import typer


def predict(
    scene: Annotated[
        Path,
        typer.Argument(
            help="GeoTIFF with one band for each polarisation.", show_default=False, exists=True, dir_okay=False
        ),
    ],
    model: Annotated[str, typer.Option(help="Registered model: NAME@ALIAS or NAME/VERSION.")] = "fusar-gpt@champion",
    polarizations: Annotated[
        str, typer.Option(help="Bands in their order, e.g. VV,VH; default: the STAC item's.")
    ] = "",
    scale: Annotated[str, typer.Option(help="linear, decibel or amplitude; default: the STAC item's.")] = "",
    out: Annotated[Path, typer.Option(help="Folder for SCENE.gpkg, .geojson, .qml and .png.")] = Path("predictions"),
) -> None:
    """Write what a model says about SCENE as layers that QGIS opens at their place and with their style, and as PNG.

    Example: fusar predict data/scenes/rotterdam-c3.tif
    """
    from components.inference.geopackage import write_geopackage
    from components.inference.layers import write_geojson, write_picture
    from components.inference.registered import started
    from components.inference.scene import predict_scene
    from components.inference.sensing import bands_of
    from components.revisions.home import find_home

    bands = bands_of(scene, polarizations, scale)
    with started(find_home(Path.cwd()).root, model) as registered:
        predictions = predict_scene(scene, bands.polarizations, bands.scale, registered.answer, registered.chip_size)
    out.mkdir(parents=True, exist_ok=True)
    layer, styled, picture = (out / f"{scene.stem}.{ending}" for ending in ("geojson", "gpkg", "png"))
    write_geojson(predictions, registered.name, layer)
    write_geopackage(predictions, registered.name, styled)
    write_picture(predictions, f"{scene.stem}, {registered.name}", picture)
    found = sum(len(chip.boxes) for chip in predictions)
    files = {"layer": str(layer), "styled": str(styled), "picture": str(picture)}
    typer.echo(json.dumps({"chips": len(predictions), "boxes": found, **files}))
