"""Names of columns: their words, and whether they call the column an identifier."""

from __future__ import annotations

import pytest

from mmkeras.data.columns.name_words import called_id, names_rows, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("PatientId", ("patient", "id")),
        ("patient_id", ("patient", "id")),
        ("PATIENT-ID", ("patient", "id")),
        ("HTTPServerId", ("http", "server", "id")),
        ("IDs", ("ids",)),
        ("numéroClient", ("numéro", "client")),
        ("ИД_Клиента", ("ид", "клиента")),
        ("Order #2", ("order", "#", "2")),
        ("", ()),
        ("...", ()),
    ],
)
def test_the_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


NAMES = [
    "id",
    "ID",
    "Id",
    "IDs",
    "PatientId",
    "PatientID",
    "patient_id",
    "patient-id",
    "patientid",
    "Customer_ID",
    "UserID",
    "userid",
    "objectid",
    "OBJECTID",
    "uuid",
    "guid",
    "rowid",
    "Kundennummer",
    "klantnummer",
    "ordernr",
    "asiakasnumero",
    "identifiant",
    "azonosító",
    "编号",
    "订单号",
    "ID_Cliente",
    "EmployeeID",
    "MRN",
    "SEQN",
    "isbn13",
    "phone",
    "Telefon",
    "email",
    "SampleID.1",
    "#",
    "md5",
    "numéro",
]


@pytest.mark.parametrize(
    "name",
    [
        *NAMES,
        "caseNo",
        "case_no",
        "customerNumber",
        "ticket number",
        "Patient-Nr.",
        "Unnamed: 0",
        "Unnamed: 0.1",
        "ID клиента",
        "row.names",
        "level_0",
        "numéro client",
    ],
)
def test_names_of_identifiers(name: str) -> None:
    assert called_id(name)
    assert names_rows(name)


@pytest.mark.parametrize(
    "name",
    [
        "lfd. Nr.",
        "Nr",
        "No.",
        "index",
        "номер",
        "Número",
        "S.No",
    ],
)
def test_names_that_may_number_rows(name: str) -> None:
    assert not called_id(name)
    assert names_rows(name)


MEASURES = [
    "age",
    "paid",
    "unpaid",
    "prepaid",
    "valid",
    "humid",
    "humidity",
    "solid",
    "liquid",
    "covid",
    "thyroid",
    "android",
    "asteroid",
    "grid",
    "bid",
    "mid",
    "kid",
    "said",
    "rapid",
    "hybrid",
    "casino",
    "volcano",
    "piano",
    "доход",
    "收入",
    "年齢",
    "Größe",
    "naïveté",
    "0",
    "1",
    "42",
    "population",
    "rooms_number",
    "children_num",
    "width",
    "bidder",
]


@pytest.mark.parametrize(
    "name", [*MEASURES, "number_of_rooms", "reviews number", "# reviews", "price index", "mass_index", "", "_"]
)
def test_names_of_measures(name: str) -> None:
    assert not called_id(name)
    assert not names_rows(name)
