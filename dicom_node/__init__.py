"""The DICOM side: receive from, and give back to, the PACS."""
