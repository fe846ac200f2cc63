"""The peers: one script a system, each as its users write it. command.py is the command line that they share."""
