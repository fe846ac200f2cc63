"""Numbers: standardised in the graph by the mean and deviation of the training rows."""
