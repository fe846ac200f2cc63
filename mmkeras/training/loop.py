"""`model.fit`, once for every task: the callbacks in their order, and an interrupted training resumed."""

from __future__ import annotations

from pathlib import Path

from mmkeras.config.config import Config
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.training.callbacks import BestCheckpoint, reduce_on_plateau, tensorboard
from mmkeras.training.epoch_lines import EpochLines


def fit(trained: Trainable, config: Config, folder: Path, log: Log) -> BestCheckpoint:
    """Fit the model and restore its best weights. Returns the callback that has the history and the best epoch."""
    model, epochs = trained.model, trained.epochs
    checkpoint = BestCheckpoint(folder, trained.patience, trained.monitor, trained.rows)
    if config.output.resume:
        checkpoint.restore(model)
        log(f"resuming after {checkpoint.epochs_done} of {epochs} epochs")
    if checkpoint.exhausted or checkpoint.epochs_done >= epochs:
        checkpoint.on_train_end()
        return settled(trained, checkpoint, log)
    # before the checkpoint, so that the checkpoint saves the reduced learning rate
    plateau = [reduce_on_plateau([epoch["val_loss"] for epoch in checkpoint.history])] if trained.plateau else []
    with EpochLines(epochs, log) as lines:
        callbacks = [
            *trained.callbacks,
            lines,
            *plateau,
            checkpoint,
            *tensorboard(config.training.tensorboard, folder),
        ]
        model.fit(
            trained.train.dataset(),
            validation_data=trained.validation.dataset(),
            epochs=epochs,
            initial_epoch=checkpoint.epochs_done,
            shuffle=False,  # the batches shuffle themselves, by seed and epoch
            callbacks=callbacks,
            verbose=0,
        )
    return settled(trained, checkpoint, log)


def settled(trained: Trainable, checkpoint: BestCheckpoint, log: Log) -> BestCheckpoint:
    """The checkpoint, when the best weights are in the model that is saved."""
    if trained.settle is not None:
        trained.settle(log)
    return checkpoint
