"""Answering without Keras: what a client, `verify` and `mmkeras predict` run."""
