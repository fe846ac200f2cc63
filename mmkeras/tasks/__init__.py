"""What can be learned; a task is a module named in a literal dict."""

TASKS = {"classify": "mmkeras.tasks.classify"}
