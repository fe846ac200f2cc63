"""What `mmkeras.train`, `export` and `verify` give back, as text, as HTML in a notebook and as DataFrames."""
