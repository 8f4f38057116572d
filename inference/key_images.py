"""Write a reader's choice of key images as a Key Object Selection Document (PS3.16 TID 2010)."""

from __future__ import annotations

import highdicom as hd
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from inference.equipment import MANUFACTURER, complete_result
from inference.person import SERIAL_NUMBER, person_name
from study.marks import Kept, KeyImages
from study.result_header import result_header

SERIES_NUMBER = 9009


def write_key_images(chosen: KeyImages, radiographs: list[Dataset], uids: Kept) -> Dataset:
    """Return the document that names the key images.

    Parameters
    ----------
    radiographs
        The headers of those that were chosen; at least one.
    """
    headers = [result_header(each) for each in radiographs]
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(
            name=person_name(chosen.reader)
        ),
    )
    document: Dataset = hd.ko.KeyObjectSelectionDocument(
        evidence=headers,
        content=hd.ko.KeyObjectSelection(
            document_title=codes.DCM.OfInterest,
            referenced_objects=headers,
            observer_person_context=observer,
        ),
        series_instance_uid=uids.series_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=uids.instance_uid,
        instance_number=1,
        manufacturer=MANUFACTURER,
        series_description=f"{MANUFACTURER} key images",
        device_serial_number=SERIAL_NUMBER,
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    complete_result(document, headers[0], chosen.at)
    return document
