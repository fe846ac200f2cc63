"""Which character encoding a file has, told by the letters of its languages."""
