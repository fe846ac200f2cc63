"""Files that cells name: paths, the check of all of them before training, their features."""
