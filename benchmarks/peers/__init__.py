"""The peers: each a thin script that trains, predicts and answers as its own users would write it."""
