"""Dates in any notation: which one a column has, and a cell as a day of the calendar."""
