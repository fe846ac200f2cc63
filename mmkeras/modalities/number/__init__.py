"""Numbers: standardised in the graph by what the training rows tell."""
