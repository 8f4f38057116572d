"""From a radiograph to findings and their DICOM objects."""
