"""`mmkeras compare`: figures of several runs on the same held-out rows, with intervals and paired differences."""
