"""A reader, and the viewer, as the DICOM objects of a reader's marks name them (PS3.16 TID 1001)."""

from __future__ import annotations

from typing import Any

import highdicom as hd
from pydicom.sr.codedict import codes

from inference.equipment import MANUFACTURER, software_version
from study.identifiers import derived_uid

MODEL_NAME = "Kidray viewer"
SERIAL_NUMBER = "viewer"


def person_name(reader: str) -> str:
    """Return a reader's name as a PN: what was typed without components is the family name."""
    return reader if "^" in reader else f"{reader}^"


def observers(reader: str) -> hd.sr.ObservationContext:
    """Return who observed, and with what."""
    person = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=person_name(reader)),
    )
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", MODEL_NAME, software_version()),
            name=MANUFACTURER,
            manufacturer_name=MANUFACTURER,
            model_name=MODEL_NAME,
        ),
    )
    return hd.sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def made_with() -> dict[str, Any]:
    """Return highdicom's arguments that say which equipment wrote an object."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": [software_version()],
        "device_serial_number": SERIAL_NUMBER,
    }
