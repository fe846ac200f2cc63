"""Pretrained text encoders of keras-hub."""
