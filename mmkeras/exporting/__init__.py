"""Run -> verified folder: artefacts, their contract, the sample rows, verify.json."""
