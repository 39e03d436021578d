-- Rules of the rectification list in force for the city: threshold, days to mend, months within which a line reopens.
SELECT * FROM reference.rectification_rules ORDER BY rule NULLS LAST
