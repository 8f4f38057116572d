"""DICOMweb (PS3.18) without HTTP routes: media types, multipart bodies, JSON, frames, queries."""
