"""Write the tables of docs/conformance.md from the code.

Run as `python deploy/conformance_docs.py`; with `--check` it writes nothing and fails where they are old.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import pynetdicom  # noqa: E402
from pydicom.charset import python_encoding  # noqa: E402
from pydicom.uid import (  # noqa: E402
    PYDICOM_IMPLEMENTATION_UID,
    UID,
)
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # noqa: E402

from dicom_node import associate, priors, query, retrieve  # noqa: E402
from dicom_node.contexts import ACCEPTED, STORAGE_CLASSES, TRANSFER_SYNTAXES, UNCOMPRESSED  # noqa: E402
from dicom_node.guard import Limits as NodeLimits  # noqa: E402
from dicom_node.statuses import STATUS_OF  # noqa: E402
from study.decoding import MAX_PIXELS  # noqa: E402
from study.fence import DEFAULT as FENCE  # noqa: E402
from study.findings import FINDINGS, PRIVATE_SCHEME, CodedConcept  # noqa: E402
from study.forms import SOP_CLASS  # noqa: E402
from study.limits import LIMITS  # noqa: E402
from study.regions import ABDOMEN  # noqa: E402
from study.settings import Settings  # noqa: E402
from study.sop_classes import LABELMAP_STORAGE  # noqa: E402

PAGE = ROOT / "docs" / "conformance.md"
MADE_HERE = tuple(dict.fromkeys(SOP_CLASS.values()))


def name_of(sop_class: str) -> str:
    """Return a SOP class's name as PS3.6 has it; pydicom lacks one that Kidray makes."""
    known = UID(sop_class).name
    return "Label Map Segmentation Storage" if sop_class == LABELMAP_STORAGE else known


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def overview() -> str:
    """Return the services with their roles (PS3.2 section A.1)."""
    retrieval = [
        (model, "yes" if model in priors.MODELS else "no", "yes")
        for model in (*query.MODELS, *retrieve.MODELS)
    ]
    made = [(sop_class, "yes", "yes") for sop_class in MADE_HERE]
    rows = [(Verification, "yes", "yes"), *made, *retrieval, (StorageCommitmentPushModel, "yes", "yes")]
    return table(
        ("SOP class", "UID", "SCU", "SCP"), [(name_of(c), c, user, provider) for c, user, provider in rows]
    )


def storage() -> str:
    """Return every storage SOP class that is accepted."""
    return table(("SOP class", "UID"), sorted((name_of(c), c) for c in STORAGE_CLASSES))


def transfer_syntaxes() -> str:
    """Return the transfer syntaxes in the order of preference."""
    return table(("Transfer syntax", "UID"), [(syntax.name, syntax) for syntax in TRANSFER_SYNTAXES])


def contexts() -> str:
    """Return the presentation contexts that are accepted, storage in one row."""
    all_of_them = "all of section 4.2.1.4.2"
    uncompressed = ", ".join(syntax.name for syntax in UNCOMPRESSED)
    others = [c for c, syntaxes in ACCEPTED.items() if syntaxes != TRANSFER_SYNTAXES]
    models = [*query.MODELS, *retrieve.MODELS, StorageCommitmentPushModel]
    rows = [(name_of(c), uncompressed, "SCP", "none") for c in (*others, *models)]
    kinds = f"the {len(STORAGE_CLASSES)} of section 8.5"
    rows.append((kinds, all_of_them, "SCP, SCU (C-GET)", "role selection"))
    return table(("Abstract syntax", "Transfer syntaxes", "Role", "Extended negotiation"), rows)


def statuses() -> str:
    """Return the statuses of C-STORE, each with the errors that it answers."""

    def reason(kind: type) -> str:
        words = (kind.__doc__ or "").splitlines()[0]
        return re.sub(r"^Raised when |\.$|^Root of every error that Kidray ", "", words)

    rows = [(f"0x{status:04X}", reason(kind)) for kind, status in STATUS_OF.items()]
    rows[-1] = (rows[-1][0], "anything else fails")
    return table(("Status", "When"), [("0x0000", "the instance is on stable storage"), *rows])


def limits() -> str:
    """Return what is refused for its size."""
    node = NodeLimits()
    rows = [
        ("Associations at once", node.most_associations, "rejected, transient"),
        ("Connections of one address", node.most_per_address, "not taken"),
        ("A PDU, bytes", node.largest_pdu, "aborted"),
        ("A message, bytes", node.largest_message, "aborted"),
        ("A-ASSOCIATE request complete within, s", node.request_seconds, "closed"),
        ("A PDU complete within, s", node.pdu_seconds, "aborted"),
        ("Silence, s", node.idle_seconds, "aborted"),
        ("Elements of a data set, before the pixel data", LIMITS.elements, "0xC000"),
        ("Sequences within sequences", LIMITS.depth, "0xC000"),
        ("An element that is a list of values, bytes", LIMITS.list_bytes, "0xC000"),
        ("Rows x Columns of a radiograph", MAX_PIXELS, "stored, not read"),
        ("Memory to read one instance, bytes", FENCE.memory, "stored, not read"),
        ("CPU time to read one instance, s", FENCE.cpu_seconds, "stored, not read"),
    ]
    return table(("What", "At most", "Beyond"), [(w, f"{n:,}".replace(",", " "), b) for w, n, b in rows])


def parameters() -> str:
    """Return the parameters that can be configured (PS3.2 section A.4.4.2)."""
    named = [n for n in Settings.model_fields if n.startswith(("dicom_", "ae_", "call", "pacs", "move_"))]
    fields = Settings.model_fields
    return table(("Parameter", "What"), [(f"`KIDRAY_{n.upper()}`", fields[n].description) for n in named])


def implementation() -> str:
    """Return how the implementation names itself."""
    in_associations = pynetdicom.PYNETDICOM_IMPLEMENTATION_UID, pynetdicom.PYNETDICOM_IMPLEMENTATION_VERSION
    rows = zip(
        ("Implementation Class UID", "Implementation Version Name"),
        in_associations,
        (PYDICOM_IMPLEMENTATION_UID, "KIDRAY"),
        strict=True,
    )
    return table(("What", "In associations", "In stored files"), rows)


def requestor() -> str:
    """Return the requestor's time-outs."""
    rows = [
        ("TCP connection", associate.CONNECT_TIMEOUT),
        ("Answer to a request", associate.ANSWER_TIMEOUT),
    ]
    return table(("Time-out", "Seconds"), rows)


def character_sets() -> str:
    """Return the defined terms of Specific Character Set that are read."""
    return ", ".join(f"`{term}`" for term in sorted(t for t in python_encoding if t.startswith("ISO")))


def codes() -> str:
    """Return the codes of findings and segments."""

    def shown(concept: CodedConcept) -> str:
        return f"{concept.value}, {concept.scheme}, {concept.meaning}"

    rows = [
        (d.segment_number, d.segment_label, shown(d.property_type), shown(d.concept))
        for d in FINDINGS.values()
    ]
    heads = ("Segment", "Label", "Segmented property type", "Finding")
    return f"{table(heads, rows)}\n\nAnatomic region: {shown(ABDOMEN)}. Private scheme: {PRIVATE_SCHEME}."


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made
    for made in (
        overview,
        implementation,
        requestor,
        contexts,
        transfer_syntaxes,
        statuses,
        limits,
        parameters,
        character_sets,
        codes,
        storage,
    )
}


def page() -> str:
    """Return docs/conformance.md with today's tables."""
    text = PAGE.read_text()
    for name, made in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{PAGE.name} has no place for the table {name}")
        text = f"{before}{begin}\n{made()}\n{end}{after}"
    return text


def main() -> int:
    """Write the page, or tell that it is old."""
    wanted = page()
    if PAGE.read_text() == wanted:
        return 0
    if "--check" in sys.argv:
        print("docs/conformance.md is old; run python deploy/conformance_docs.py", file=sys.stderr)
        return 1
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
