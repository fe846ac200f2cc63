"""Images: files in; pixels of one size, tokens and augmentation in the graph."""
