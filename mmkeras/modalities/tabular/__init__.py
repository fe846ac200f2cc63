"""Numbers and categories: the columns of a table that are neither text nor media."""
