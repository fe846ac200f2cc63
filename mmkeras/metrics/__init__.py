"""Figures: accuracy, calibration, BLEU, and how far two sets of answers are apart. NumPy alone."""
