"""The content tree of a report's SR: sections, sentences, and the images they are inferred from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from reporting.phrases import phrases
from study.findings import PRIVATE_SCHEME
from study.identifiers import derived_uid
from study.model import Finding, Language, ModelIdentity, Presence, Report, Sentence, Signature
from study.sop_classes import SEGMENTATIONS

MANUFACTURER = "Kidray"
TITLE = Code("18748-4", "LN", "Diagnostic Imaging Report")  # CID 7000
LANGUAGES = {
    Language.ENGLISH: Code("en", "RFC5646", "English"),
    Language.KOREAN: Code("ko", "RFC5646", "Korean"),
}
BEST_ILLUSTRATION = Code("121080", "DCM", "Best illustration of finding")  # CID 7003
REFERENCED_SEGMENT = Code("121191", "DCM", "Referenced Segment")
SOURCE = Code("121112", "DCM", "Source of Measurement")

_PROCEDURE = Code("121065", "DCM", "Procedure Description")
# Section headings of CID 7001 and the elements of CID 7002 that they hold, by the report's field.
SECTIONS: dict[str, tuple[Code, Code]] = {
    "addendum": (Code("55107-7", "LN", "Addendum"), Code("121111", "DCM", "Summary")),
    "technique": (Code("55111-9", "LN", "Current Procedure Descriptions"), _PROCEDURE),
    "comparison": (Code("55114-3", "LN", "Prior Procedure Descriptions"), _PROCEDURE),
    "findings": (Code("59776-5", "LN", "Findings"), Code("121071", "DCM", "Finding")),
    "impression": (Code("19005-8", "LN", "Impressions"), Code("121073", "DCM", "Impression")),
    "recommendation": (Code("18783-1", "LN", "Recommendations"), Code("121075", "DCM", "Recommendation")),
    "communication": (
        Code("73568-8", "LN", "Communication of Critical Results"),
        Code("121291", "DCM", "Results communicated"),
    ),
    "limitations": (
        Code("LIMITATIONS", PRIVATE_SCHEME, "Limitations"),
        Code("LIMITATION", PRIVATE_SCHEME, "Limitation"),
    ),
}


class Sources(NamedTuple):
    """What sentences are inferred from: findings by id, the headers of images and results by UID."""

    findings: dict[str, Finding]
    headers: dict[str, Dataset]
    results: Sequence[Dataset]

    @classmethod
    def of(
        cls, findings: Iterable[Finding], radiographs: Iterable[Dataset], results: Sequence[Dataset]
    ) -> Sources:
        """Return the sources of a report."""
        headers = {str(h.SOPInstanceUID): h for h in [*radiographs, *results]}
        return cls({f.id: f for f in findings}, headers, results)


def report_content(
    report: Report, sources: Sources, model: ModelIdentity, signature: Signature | None = None
) -> Dataset:
    """Return the root of the content tree (PS3.16 TID 2000).

    `signature` is that of the report to which this one is an addendum.
    """
    root = hd.sr.ContainerContentItem(TITLE, is_content_continuous=False, template_id="2000")
    items = list(hd.sr.LanguageOfContentItemAndDescendants(_coded(LANGUAGES[report.language])))
    items += _observers(report, model)
    for name, (heading, element) in SECTIONS.items():
        sentences = _addendum(report, signature) if name == "addendum" else _sentences(report, name)
        if sentences:
            items.append(_section(heading, element, sentences, sources))
    root.ContentSequence = hd.sr.ContentSequence(items)
    dataset: Dataset = root
    return dataset


def _addendum(report: Report, signature: Signature | None) -> list[Sentence]:
    """Return to which report this one adds, and what; nothing where it stands alone."""
    if signature is None:
        return []
    at = signature.signed_at
    words = phrases(report.language)["addendum"]["signed"]
    adds_to = Sentence(text=words.format(date=f"{at:%Y-%m-%d}", time=f"{at:%H:%M %Z}".rstrip()))
    return [adds_to, *(sentence for addendum in report.addenda for sentence in addendum.sentences)]


def _sentences(report: Report, section: str) -> list[Sentence]:
    if section == "comparison":
        return [Sentence(text=report.comparison)]
    sentences: list[Sentence] = list(getattr(report, section))
    if section == "limitations":
        sentences.append(Sentence(text=report.disclaimer))
    return sentences


def _section(
    heading: Code, element: Code, sentences: Sequence[Sentence], sources: Sources
) -> hd.sr.ContainerContentItem:
    contains = hd.sr.RelationshipTypeValues.CONTAINS
    section = hd.sr.ContainerContentItem(_coded(heading), relationship_type=contains)
    texts = []
    for sentence in sentences:
        text = hd.sr.TextContentItem(_coded(element), sentence.text, relationship_type=contains)
        within = [*_stated_by(sentence, sources), *_references(sentence, sources)]
        if within:
            text.ContentSequence = hd.sr.ContentSequence(within)
        texts.append(text)
    section.ContentSequence = hd.sr.ContentSequence(texts)
    return section


def _stated_by(sentence: Sentence, sources: Sources) -> Iterator[hd.sr.ContentItem]:
    """Yield the readers who state what a sentence says, as its observers (TID 1001), before the device."""
    stated = [sources.findings[uid].stated for uid in sentence.finding_ids if uid in sources.findings]
    for reader in dict.fromkeys(said.reader for said in stated if said is not None):
        identity = hd.sr.PersonObserverIdentifyingAttributes(name=person_name(reader))
        yield from hd.sr.ObserverContext(codes.DCM.Person, identity)


def _references(sentence: Sentence, sources: Sources) -> Iterator[hd.sr.ContentItem]:
    """Yield what a sentence is inferred from: radiographs, segments, then the measurement reports."""
    inferred = hd.sr.RelationshipTypeValues.INFERRED_FROM
    findings = [sources.findings[i] for i in sentence.finding_ids if i in sources.findings]
    for uid in dict.fromkeys(f.radiograph_uid for f in findings):
        if uid in sources.headers:
            sop_class = sources.headers[uid].SOPClassUID
            yield hd.sr.ImageContentItem(BEST_ILLUSTRATION, sop_class, uid, relationship_type=inferred)
    for finding in findings:
        segment = finding.segment if finding.presence is not Presence.ABSENT else None
        if segment is not None and segment.instance_uid in sources.headers:
            yield hd.sr.ImageContentItem(
                REFERENCED_SEGMENT,
                sources.headers[segment.instance_uid].SOPClassUID,
                segment.instance_uid,
                referenced_segment_numbers=segment.segment_number,
                relationship_type=inferred,
            )
    if sentence.rule_id == "measurement":
        for result in sources.results:
            if result.SOPClassUID not in SEGMENTATIONS:
                yield hd.sr.CompositeContentItem(
                    SOURCE, result.SOPClassUID, result.SOPInstanceUID, relationship_type=inferred
                )


def _observers(report: Report, model: ModelIdentity) -> list[hd.sr.ContentItem]:
    """Return who observed: the algorithm, and the person who signed (TID 1001)."""
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", model.sha256),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=model.name,
            serial_number=model.sha256[:16],
        ),
    )
    observers = list(device)
    if report.signature is not None:
        person = hd.sr.PersonObserverIdentifyingAttributes(name=person_name(report.signature.signer))
        observers += hd.sr.ObserverContext(codes.DCM.Person, person)
    return observers


def person_name(signer: str) -> str:
    """Return a signer's name as a DICOM PN value: without the characters that separate values."""
    cleaned = "".join(" " if c in "\\=^" or ord(c) < 32 else c for c in signer)
    return " ".join(cleaned.split())[:64]


def _coded(code: Code) -> hd.sr.CodedConcept:
    return hd.sr.CodedConcept(code.value, code.scheme_designator, code.meaning)
