"""What the README's figures come from: mmkeras and its peers, on the same rows, in the same run, on one machine."""
