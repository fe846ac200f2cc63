"""The flags of a training, their groups, their JSON file, and the checks before anything is read."""
