"""What glibc keeps of the memory that is freed."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest
from small_runs import ROOT

BLOCKS = """
import ctypes, sys
from mmkeras.system.tensorflow import start_tensorflow
start_tensorflow(42, large_tensors=False)
import tensorflow as tf
from mmkeras.features.dataset import generator_dataset
for _ in generator_dataset(lambda: range(5), tf.TensorSpec((), tf.int32), 5):
    pass
class Malloc(ctypes.Structure):
    _fields_ = [(str(k), ctypes.c_size_t) for k in range(10)]  # mallinfo2 of malloc.h: the fourth is how many are mapped
library = ctypes.CDLL(None)
library.mallinfo2.restype = Malloc
library.malloc.restype = ctypes.c_void_p
before = getattr(library.mallinfo2(), "3")
for _ in range(300):  # more than malloc has in stock; nothing is written to them
    library.malloc(ctypes.c_size_t(3 * 2**20))
print(getattr(library.mallinfo2(), "3") - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs the GNU C library, 2.33 or newer")
def test_malloc_keeps_the_blocks_of_products_while_a_dataset_is_read() -> None:
    """A dataset of a generator sets the largest block that malloc keeps to 128 KB, on Python 3.11."""
    done = subprocess.run([sys.executable, "-c", BLOCKS], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split()[-1] == "0", "blocks of 3 MB are mapped anew, and will be given back"
