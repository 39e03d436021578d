-- Tickets as known at the data cut, with the cut beside each.
SELECT t.*, c.as_of, c.as_of_on
FROM core.ticket_states AS t
INNER JOIN reference.as_of AS c ON c.dataset = 'tickets'
