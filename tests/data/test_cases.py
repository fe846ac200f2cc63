"""The tables of ../shared/cases, which stand for what people have: kinds, roles, notations, classes and notes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import small_runs
import written_tables as tables

from mmkeras.config.config import Config
from mmkeras.data.splits.split import split_table
from mmkeras.data.table import Table, read_rows, read_table
from mmkeras.errors import InputError

CASES = small_runs.ROOT.parent / "shared" / "cases"


def read(name: str, **flags: object) -> Table:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    config = Config.of(csv=str(path), **flags)
    return read_table(config.data, config.model.task)


@dataclass(frozen=True)
class Expected:
    """kinds: column -> kind, with the notation. ignored: columns. notes: parts of sentences, each in some note."""

    name: str
    kinds: dict[str, str]
    target: str
    classes: int = 0
    rows: int = 400
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    flags: dict[str, object] = field(default_factory=dict)


TEXT = {"text": "text"}
GERMAN = {"Gebiet": "category", "Klasse": "category"}
PATIENT = {"age": "number", "sex": "category", "pressure": "number", "group": "category"}
WEIGHT = {"weight": "number", "noise": "number", "label": "category"}
XYZ = {"x": "number", "z": "number", "y": "number"}
AREA = {"Gebiet": "category"}

EXPECTED = [
    Expected("1/bool.csv", TEXT, "label", 2, 240, notes=("spellings of one value are one",)),
    Expected("1/mixed.csv", TEXT, "label", 3, 240, notes=("'0.0' is '0'",)),
    Expected("1/train_float.csv", TEXT, "label", 3, 240),
    Expected("2/plain.csv", GERMAN | {"Preis": "number", "Anteil": "number"}, "Klasse", 2),
    Expected(
        "2/decimal_comma.csv",
        GERMAN | {"Preis": "number 1234,56", "Anteil": "number 1234,56"},
        "Klasse",
        2,
        notes=("1234,56",),
    ),
    Expected("2/excel_de.csv", GERMAN | {"Preis": "number 1.234,56", "Anteil": "number 1234,56%"}, "Klasse", 2),
    Expected("2/excel_sep.csv", GERMAN | {"Preis": "number 1.234,56"}, "Klasse", 2),
    Expected("2/thousands.csv", GERMAN | {"Preis": "number 1,234.56", "Anteil": "number"}, "Klasse", 2),
    Expected("2/usd.csv", GERMAN | {"Preis": "number $1,234.56", "Anteil": "number 1234.56%"}, "Klasse", 2),
    Expected("2/reg_de.csv", AREA | {"Menge": "number 1234,56", "Umsatz": "number 1.234,56"}, "Umsatz"),
    Expected("2/reg_us.csv", AREA | {"Menge": "number", "Umsatz": "number 1,234.56"}, "Umsatz"),
    Expected(
        "2/reg_few.csv",
        AREA | {"Menge": "number", "Umsatz": "number 1,234.56"},
        "Umsatz",
        notes=("'Menge' is used, but",),
    ),
    Expected("2/reg_plain.csv", AREA | {"Menge": "number", "Umsatz": "number"}, "Umsatz"),
    Expected("4/setfit.csv", TEXT, "label", 3, 300, ("label_text",), ("its value alone tells the target 'label'",)),
    *(
        Expected(f"6/{file}.csv", PATIENT, "group", 2, 360, (name,), ("only names the row", f"--keep {name!r}"))
        for file, name in (("PatientId",) * 2, ("Unnamed_0", "Unnamed: 0"), ("id",) * 2, ("patient_id",) * 2)
    ),
    Expected("9/clean.csv", WEIGHT, "label", 2),
    Expected("9/dash.csv", WEIGHT, "label", 2, notes=("1 cell is a mark of a missing value ('--')",)),
    Expected("9/na_excel.csv", WEIGHT, "label", 2, notes=("1 cell is a mark of a missing value ('#N/A')",)),
    Expected("9/unknown.csv", WEIGHT, "label", 2, notes=("1 cell is a mark of a missing value ('unknown')",)),
    Expected("9/inf.csv", WEIGHT, "label", 2, notes=("1 of 400 cells is no number (1 × 'inf')",)),
    Expected("9/lt.csv", WEIGHT, "label", 2, notes=("1 of 400 cells is no number (1 × '<5')",)),
    Expected("14/oversampled.csv", TEXT, "intent", 4, 240),
    Expected(
        *(
            "15/train.csv",
            {"Pclass": "number", "Sex": "category", "Age": "number", "Member": "category"},
            "Survived",
            2,
        ),
        ignored=("PassengerId", "Name"),
        flags={"target": ("Survived",)},
    ),
    Expected("20/empty_label.csv", TEXT, "label", 3, 284, notes=("116 of 400 rows are without a target",)),
    Expected(
        "20/nan_label.csv",
        TEXT,
        "label",
        3,
        350,
        notes=("50 cells are marks of a missing value ('nan', 'NaN', 'None'",),
    ),
    Expected("20/nan_int_label.csv", TEXT, "label", 3, 363, notes=("37 of 400 rows are without a target",)),
    Expected("20/nan_text.csv", TEXT, "label", 3, 339, notes=("61 of 400 rows are without any input",)),
    Expected("20/names.csv", TEXT, "label", 7, 358, notes=("42 cells are marks of a missing value ('nan')",)),
    Expected("20/reg_inf.csv", XYZ, "y", rows=397, notes=("3 of 400 cells are no number (2 × 'inf', 1 × '-inf')",)),
    Expected("20/reg_out.csv", XYZ, "y"),
    Expected("20/x_out.csv", XYZ, "y"),
    Expected("20/x_sentinel.csv", XYZ, "y", notes=("'-999999' lies far from all other numbers and repeats",)),
    Expected("22/split.csv", TEXT, "label", 3, ignored=("split",), notes=("--split-column 'split'",)),
]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)
def test_a_table_is_read_as_people_mean_it(expected: Expected) -> None:
    table = read(expected.name, **expected.flags)
    notes = " ".join(table.notes)
    for name, kind in expected.kinds.items():
        column = tables.column(table, name)
        assert f"{column.kind} {column.notation}".strip() == kind
        assert column.role == ("target" if name == expected.target else "input")
    assert [column.name for column in table.targets] == [expected.target]
    assert {column.name for column in table.ignored} == set(expected.ignored)
    assert len(table.rows) == expected.rows
    if expected.classes:
        assert table.rows[expected.target].nunique() == expected.classes
    assert [words for words in expected.notes if words not in notes] == []


def test_a_target_of_dates_is_refused() -> None:
    with pytest.raises(InputError, match="--target"):
        read("20/date_target.csv")


def test_no_largest_target_is_dropped() -> None:
    plain, german = read("2/reg_plain.csv"), read("2/reg_de.csv")
    assert german.rows["Umsatz"].map(float).tolist() == plain.rows["Umsatz"].map(float).tolist()
    assert read("2/reg_us.csv").rows["Umsatz"].map(float).tolist() == plain.rows["Umsatz"].map(float).tolist()


def test_oversampled_rows_stay_on_one_side() -> None:
    table = read("14/oversampled.csv")
    parts = split_table(table, Config.of(csv=table.path).data)
    assert not set(parts.train["text"]) & set(parts.validation["text"])
    assert not tables.notes_on(table, "text")


@pytest.mark.parametrize(
    "name",
    ["test", "test_order", "test_case", "test_true", "test_sex_case", "test_pclass_float", "test_excel", "test_trail"],
)
def test_a_file_to_predict_in_any_form(name: str) -> None:
    trained = read("15/train.csv", target=("Survived",))
    rows, plain = (read_rows(CASES / "15" / f"{file}.csv", trained.columns).rows for file in (name, "test"))
    for column in trained.inputs:
        if column.kind == "number":
            assert [float(c or "nan") for c in rows[column.name]] == pytest.approx(
                [float(c or "nan") for c in plain[column.name]], nan_ok=True
            )
        else:
            assert rows[column.name].str.lower().tolist() == plain[column.name].str.lower().tolist()
