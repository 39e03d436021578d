-- The city: code, names, time zone, currency, start of the fiscal year.
SELECT * FROM reference.city
