"""What runs in the process that `verify` starts, where Keras is blocked."""
