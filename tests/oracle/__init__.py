"""The oracle: every indicator of the catalogue computed a second time, from the landed rows, without the product's SQL."""
