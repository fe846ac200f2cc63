"""Numbers, categories and dates: the columns of a table that are neither text nor media."""
