"""The command line, `mmkeras <command>`: flags in, one call, an exit code out."""
