-- What took over every area that has ended, with its share and where that comes from; an area without a successor has no row
-- or counts in the area above.
SELECT area_code, valid_from, ended_on, successor_code, successor_from, share, basis
FROM core.area_successions
WHERE basis <> 'continued'
