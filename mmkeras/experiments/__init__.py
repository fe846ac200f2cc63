"""Several trainings compared: the ablation of fusions and modalities."""
