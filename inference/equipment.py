"""Which equipment and algorithm made a derived object (PS3.3 C.7.5.1, C.12.1.1.5; IHE AIR)."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes

from study.findings import CodedConcept
from study.identifiers import derived_uid
from study.model import ModelIdentity

MANUFACTURER = "Kidray"
_LONGEST_DESCRIPTION = 64  # characters of an LO value (PS3.5 section 6.2)


@cache
def software_version() -> str:
    """Return the version of Kidray that runs."""
    try:
        return version("kidray")
    except PackageNotFoundError:
        return "0"


def series_description(kind: str, model: ModelIdentity) -> str:
    """Return what a worklist shows of a series of `kind`, with the model's disclaimer."""
    note = model.disclaimer.removeprefix("Trained on ")
    return f"{MANUFACTURER} {kind} - {note}"[:_LONGEST_DESCRIPTION]


def device_uid(model: ModelIdentity) -> str:
    """Return the UID of the algorithm as a device: another one after each retraining (IHE AIR)."""
    return derived_uid("device", model.sha256)


def coded(concept: CodedConcept) -> hd.sr.CodedConcept:
    """Return a concept of the project's tables as highdicom writes it."""
    return hd.sr.CodedConcept(concept.value, concept.scheme, concept.meaning)


def algorithm(model: ModelIdentity) -> hd.AlgorithmIdentificationSequence:
    """Return the algorithm's identification for a segment (PS3.3 Table 10-19)."""
    return hd.AlgorithmIdentificationSequence(
        name=model.name,
        family=codes.DCM.ArtificialIntelligence,
        version=model.version,
        source=MANUFACTURER,
        parameters={"sha256": model.sha256},
    )


def contributing_equipment(model: ModelIdentity, made_at: datetime) -> hd.ContributingEquipment:
    """Return the algorithm as contributing equipment, with the device UID that IHE AIR asks for."""
    item = hd.ContributingEquipment(
        manufacturer=MANUFACTURER,
        purpose_of_reference=codes.DCM.ProcessingEquipment,
        manufacturer_model_name=model.name,
        software_versions=[software_version(), model.version],
        device_serial_number=model.sha256[:16],
        contribution_datetime=made_at,
        contribution_description=model.disclaimer,
    )
    item.DeviceUID = device_uid(model)
    return item


def complete_result(dataset: Dataset, radiograph: Dataset, made_at: datetime) -> None:
    """Say when `dataset` was made (PS3.3 C.7.3.1, C.12.1), in the time zone of the radiograph's own dates."""
    offset = str(radiograph.get("TimezoneOffsetFromUTC") or "")
    if re.fullmatch(r"[+-][0-9]{4}", offset):
        made_at = made_at.astimezone(datetime.strptime(offset, "%z").tzinfo)
        dataset.TimezoneOffsetFromUTC = offset
    else:
        made_at = made_at.astimezone()
    for kind in ("Content", "InstanceCreation", "Series"):
        setattr(dataset, f"{kind}Date", made_at.strftime("%Y%m%d"))
        setattr(dataset, f"{kind}Time", made_at.strftime("%H%M%S"))
