"""The words of a column's name, however they are joined, and whether they call it an identifier."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

_RUN: Final = re.compile(r"[^\W\d_]+|\d+|[#№]")
_CAMEL: Final = re.compile(r"U{2,}(?=l$)l|U+(?!l)|U?l+")

STRONG: Final = frozenset(
    (
        *("id", "ids", "uuid", "guid", "rowid", "pk", "oid", "uid", "gid", "fid", "cid", "rid", "sid", "tid", "qid"),
        *("eid", "nid", "md5", "sha", "sha1", "sha256", "hash", "barcode", "ean", "isbn", "issn", "ssn", "imei"),
        "iban",
        *("imei", "iban", "vin", "mrn", "seqn", "seqno", "#", "№", "identifier", "recordid", "rownames", "rowname"),
        "matricule",
        *("identifiant", "identificador", "identificativo", "identifikator", "identyfikator", "azonosító", "kennung"),
        *("aktenzeichen", "kennzeichen", "matricula", "matrícula", "matricola", "identifiant", "numéro"),
        "идентификатор",
        *("ид", "рядок", "编号", "编码", "編號", "編碼", "序号", "序號", "番号", "번호", "아이디", "학번", "学号"),
        *("工号", "κωδικός"),
        *("معرف", "מזהה", "phone", "telephone", "telefon", "téléphone", "teléfono", "telefone", "tel", "mobile"),
        "handy",
        *("telefone", "tel", "mobile", "handy", "fax", "email", "mail"),
    )
)
"""Words that end the name of an identifier."""
WEAK: Final = frozenset(
    (
        *("no", "nr", "num", "number", "nummer", "nombor", "numero", "número", "numer", "número", "номер", "رقم"),
        "αριθμός",
        *("idx", "index", "key", "row", "serial", "ref", "reference", "référence", "referencia", "referenz", "clave"),
        *("código", "codigo", "schlüssel", "schluessel", "sn", "номер", "رقم", "αριθμός", "מספר"),
    )
)
"""Words that also end the name of a count: reviews number. A plural before them tells."""
FIRST: Final = frozenset(("id", "uuid", "guid", "identifiant", "identificador", "numéro", "№", "unnamed"))
"""Words that begin the name of an identifier: ID_Cliente, numéro client."""
COUNTED: Final = frozenset(("children", "people", "persons", "total", "max", "min", "mean", "average", "price", "mass"))
"""Words that make a number or an index a measure: children_num, price index."""
_ENTITY: Final = (
    r"(patient|customer|client|user|member|account|order|invoice|product|item|article|case|record|row|person|people|"
    r"employee|student|subject|sample|session|transaction|trans|event|document|doc|image|img|photo|file|video|tweet|post|"
    r"review|comment|message|msg|ticket|station|sensor|device|visit|encounter|claim|policy|loan|listing|property|house|"
    r"passenger|player|movie|song|track|book|paper|contract|kunden|auftrags|rechnungs|artikel|patienten|vertrags|bestell)"
)
# one word in lower case: patientid, customerno, kundennummer
_JOINED: Final = re.compile(_ENTITY + r"(id|ids|no|nr|num|number|nummer|key|index|idx|uuid|ref)")
# objectid, ordernr, klantnummer, asiakasnumero, 订单号; not solid, prepaid, android
_ENDS: Final = re.compile(r".{4,}id|.{2,}nr|.{3,}(nummer|numer|numero|number|numret)|.+(号|號|번호)")
_NO_ID: Final = re.compile(r".*(paid|oid|quid|alid|brid|umid|apid|olid|ovid|caid|ucid|ivid|andid|endid|pid|gid|rid)")


@functools.lru_cache(4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words and numbers of a name in lower case: `PatientId`, `patient-id` and `PATIENT ID` are (patient, id)."""
    words: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", name)):
        case = "".join("U" if sign.isupper() else "l" for sign in run)
        words += [run[found.start() : found.end()].casefold() for found in _CAMEL.finditer(case)] or [run]
    return tuple(words)


def called_id(name: str) -> bool:
    """Does a name end or begin with a word for identifiers, which no measure has: `PatientId`, `ID_Cliente`, `uuid`?"""
    words = _without_number(name)
    if not words:
        return False
    last = words[-1]
    if last in WEAK and re.fullmatch(_ENTITY, words[-2] if len(words) > 1 else ""):
        return True  # patient number, case no
    joined = bool(_JOINED.fullmatch(last)) or bool(_ENDS.fullmatch(last) and not _NO_ID.fullmatch(last))
    return (
        joined or last in STRONG or "".join(words_of(name)) in STRONG or words[0] in FIRST or name.lower() == "level_0"
    )


def names_rows(name: str) -> bool:
    """Is a column called an identifier: as `called_id` says, or `customer_number`, `caseNo`, `Order #`, `index`?"""
    words = _without_number(name)
    if called_id(name) or not words or words[-1] not in WEAK:
        return called_id(name)
    before = words[-2] if len(words) > 1 else ""
    plural = len(before) > 3 and before.endswith("s") and not before.endswith(("ss", "us", "is"))
    return not plural and before not in COUNTED


def _without_number(name: str) -> tuple[str, ...]:
    """The words without numbers at the end: `Unnamed: 0.1`."""
    words = words_of(name)
    while len(words) > 1 and words[-1].isdigit():
        words = words[:-1]
    return () if words and words[-1].isdigit() else words
