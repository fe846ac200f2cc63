"""Text, token by token, with any Runner. NumPy alone."""
