-- Outlines of areas for the map, simplified, while they hold: coordinates of a MultiPolygon, and where a label has room.
SELECT * FROM reference.area_shapes ORDER BY area_code NULLS LAST, valid_from NULLS LAST, valid_to NULLS LAST
