"""PyTorch's nn.LSTM as a language model, 2 x 200, tied: tokens a second of training. Run where torch is installed.

python torch_lstm.py BATCH STEPS THREADS SECONDS VOCABULARY_SIZE
"""

from __future__ import annotations

import sys
import time
from typing import Any

import torch
from torch import nn


class Model(nn.Module):
    """Embedding, two layers, the embedding again: as word_language_model of PyTorch's examples."""

    def __init__(self, vocabulary_size: int, width: int = 200) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.drop = nn.Dropout(0.2)
        self.lstm = nn.LSTM(width, width, 2, dropout=0.2, batch_first=True)
        self.out = nn.Linear(width, vocabulary_size)
        self.out.weight = self.embedding.weight

    def forward(self, x: Any, state: Any) -> Any:
        """Tokens int64 [b, T] -> logits [b * T, vocabulary_size], state."""
        hidden, state = self.lstm(self.drop(self.embedding(x)), state)
        return self.out(self.drop(hidden).flatten(0, 1)), state


def main(batch: int, steps: int, threads: int, seconds: int, vocabulary_size: int) -> None:
    """Train on random tokens for `seconds`; print the tokens a second."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Model(vocabulary_size)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    data = torch.randint(0, vocabulary_size, (batch, steps + 1))
    state = (torch.zeros(2, batch, 200), torch.zeros(2, batch, 200))
    step, started = -3, time.perf_counter()  # three steps warm up
    while step < 1 or time.perf_counter() - started < seconds:
        if step == 0:
            started = time.perf_counter()
        state = tuple(s.detach() for s in state)
        logits, state = model(data[:, :-1], state)
        loss = nn.functional.cross_entropy(logits, data[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        step += 1
    print(batch * steps * step / (time.perf_counter() - started))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:6]))
