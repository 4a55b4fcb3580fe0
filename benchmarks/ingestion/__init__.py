"""How fast a scene becomes chips, beside GDAL's own decoding and the field's tools."""
