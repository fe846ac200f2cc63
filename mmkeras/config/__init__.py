"""The flags of a training, their groups, their JSON file, and what is checked before anything is read."""
