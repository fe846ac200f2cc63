"""`model.fit`, once for every task: callbacks in their order, and an interrupted training taken up again."""

from __future__ import annotations

from pathlib import Path

from mmkeras.config.config import Config
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.training.callbacks import BestCheckpoint, EpochLines, reduce_on_plateau, tensorboard


def fit(trained: Trainable, config: Config, folder: Path, log: Log) -> BestCheckpoint:
    """Fit; the model has its best weights at the end. Returns the callback that kept them."""
    model, epochs = trained.model, trained.epochs
    checkpoint = BestCheckpoint(folder, trained.patience, trained.monitor, trained.rows)
    if config.output.resume:
        checkpoint.restore(model)
        log(f"resuming after {checkpoint.epochs_done} of {epochs} epochs")
    if checkpoint.exhausted or checkpoint.epochs_done >= epochs:
        checkpoint.on_train_end()
        return checkpoint
    # in front of the checkpoint, so that the learning rate that is saved is the one that was cut
    plateau = [reduce_on_plateau([epoch["val_loss"] for epoch in checkpoint.history])] if trained.plateau else []
    callbacks = [
        *trained.callbacks,
        EpochLines(epochs, log),
        *plateau,
        checkpoint,
        *tensorboard(config.training.tensorboard, folder),
    ]
    model.fit(
        trained.train.dataset(),
        validation_data=trained.validation.dataset(),
        epochs=epochs,
        initial_epoch=checkpoint.epochs_done,
        shuffle=False,  # the batches have an order of their own, by seed and epoch
        callbacks=callbacks,
        verbose=0,
    )
    return checkpoint
