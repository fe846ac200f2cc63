"""Audio: samples in, log-mel or MFCC features in the graph, tokens out."""
