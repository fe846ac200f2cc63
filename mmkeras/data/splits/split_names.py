"""Columns that say on which side of the split each row is: `split` with train and test, `fold` with 0, 1, 2, …"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mmkeras.data.columns.name_words import words_of

MOST_FOLDS: Final = 20
_SPLIT_NAMES: Final = frozenset(("split", "set", "subset", "dataset", "partition", "usage", "part", "fold"))
_FLAG_NAMES: Final = frozenset(("istrain", "istest", "isval", "isvalidation", "isdev", "isholdout"))
_FOLD_NAME: Final = re.compile(
    r"(k|cv|test|data|split)?[ _-]?folds?([ _-]?(id|no|nr|num|number|idx|index))?", re.IGNORECASE
)
_NOT_A_LETTER: Final = re.compile(r"[\W\d_]+")
# training set, Testdaten, train_data
_ENDS: Final = re.compile(r"(?<=.)(sets?|data|split|samples?|rows?|daten|satz|集)$")
_WORDS: Final = {
    "train": (
        *("train", "training", "tr", "learn", "trainings", "learning", "trn"),
        *("entrainement", "entraînement", "apprentissage", "entrenamiento", "addestramento", "treino", "treinamento"),
        *("обучение", "обучающая", "训练", "訓練", "学習", "학습"),
    ),
    "validation": (
        *("val", "valid", "validation", "dev", "development", "eval", "evaluation", "validierung", "validierungs"),
        *("validación", "validacion", "validação", "validazione", "publictest", "валидация", "验证", "驗證", "検証"),
        "검증",
    ),
    "test": (
        *("test", "testing", "te", "tst", "holdout", "heldout", "privatetest"),
        *("prueba", "teste", "тест", "тестовая", "测试", "測試", "テスト", "테스트"),
    ),
}


def split_of(cell: str) -> str:
    """`train`, `validation` or `test`, for a cell that names a split, however it does; '' for another cell."""
    letters = _NOT_A_LETTER.sub("", cell.casefold())
    return _SPLITS.get(letters) or _SPLITS.get(_ENDS.sub("", letters), "")


_SPLITS: Final = {word: split for split, words in _WORDS.items() for word in words}


def names_split(name: str, values: Sequence[str]) -> str:
    """What a column of these different values says of the split, as part of a sentence; '' for another column."""
    if len(values) > 2 * MOST_FOLDS:
        return ""
    values = [value for value in values if value]
    splits = {split_of(value) for value in values[:7]}
    named = "train" in splits or {*words_of(name)} & _SPLIT_NAMES  # an environment may be dev or test, too
    if 2 <= len(values) <= 6 and len(splits) > 1 and "" not in splits and named:
        return f"it names the split of each row ({', '.join(sorted(values))})"
    folded = {value.casefold().removesuffix(".0") for value in values}
    if name.casefold().replace("_", "").replace(" ", "") in _FLAG_NAMES and len(folded) == 2 and folded <= _FLAGS:
        return f"it names the split of each row ({', '.join(sorted(values))})"
    if _FOLD_NAME.fullmatch(name) and 2 <= len(folded) <= MOST_FOLDS and folded in _FOLDS[len(folded)]:
        return f"it names the fold of each row ({', '.join(sorted(folded, key=int)[:3])}, …)"
    return ""


_FLAGS: Final = {"0", "1", "true", "false", "yes", "no"}
_FOLDS: Final = [[{str(k + first) for k in range(n)} for first in (0, 1)] for n in range(MOST_FOLDS + 1)]
"""Number of folds -> the sets of their numbers."""
