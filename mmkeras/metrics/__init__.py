"""Figures: accuracy, calibration, BLEU, and the difference between two sets of predictions. NumPy alone."""
