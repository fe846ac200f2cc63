"""What a column can hold; a modality is a module named in a literal dict, imported when a column needs it."""

MODALITIES = {"text": "mmkeras.modalities.text.modality"}
