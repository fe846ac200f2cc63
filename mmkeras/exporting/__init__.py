"""Run -> proven folder: artefacts, their contract, the rows that travel, the proof."""
