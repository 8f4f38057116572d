"""OHIF as its makers publish it, for measuring beside it: fetched, checked, and served over our DICOMweb.

`python -m benchmarks.ohif` fetches the package from the npm registry. Its own dependencies are not
asked for: the package holds a finished build.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import mimetypes
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PACKAGE, VERSION = "@ohif/app", "3.13.2"
INTEGRITY = "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="
FOLDER = Path(__file__).parent.parent / ".setup" / f"ohif-{VERSION}"
HASHED = "public, max-age=31536000, immutable"
_COMPRESSED = {".js", ".css", ".wasm", ".html", ".json", ".svg"}
_LARGEST = 64 * 2**20  # bytes; what is larger is not asked for by a browser

# The package's own configuration names a server elsewhere; beyond ours, only dialogs are left out
# that a first visitor would have to click away.
CONFIGURATION = {
    "routerBasename": None,
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 3,
    "showWarningMessageForCrossOrigin": False,
    "showCPUFallbackMessage": False,
    "showLoadingIndicator": True,
    "strictZSpacingForVolumeViewport": True,
    "investigationalUseDialog": {"option": "never"},
    "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
    "defaultDataSourceName": "kidray",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "kidray",
            "configuration": {
                "friendlyName": "Kidray",
                "name": "kidray",
                "wadoUriRoot": "/dicom-web",
                "qidoRoot": "/dicom-web",
                "wadoRoot": "/dicom-web",
                "qidoSupportsIncludeField": True,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
                "omitQuotationForMultipartRequest": True,
            },
        }
    ],
}


def install(folder: Path = FOLDER) -> Path:
    """Fetch OHIF's build into `folder` unless it is there; returns the folder of the build.

    Raises
    ------
    SystemExit
        If npm cannot fetch it, or what came is not what was published.
    """
    build = folder / "dist"
    if build.is_dir():
        return build
    if shutil.which("npm") is None:
        raise SystemExit("npm was not found: OHIF is fetched with it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ohif-", dir=folder.parent) as work:
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", work]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"npm could not fetch {PACKAGE}@{VERSION}")
        (archive,) = Path(work).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise SystemExit(f"{archive.name} is not what was published as {PACKAGE}@{VERSION}")
        with tarfile.open(archive) as packed:
            packed.extractall(work, filter="data")
        files = [file for file in Path(work, "package", "dist").rglob("*") if file.is_file()]
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(_compress, files))
        Path(work, "package").rename(folder)
    return build


def _compress(file: Path) -> None:
    if file.suffix in _COMPRESSED and file.stat().st_size < _LARGEST:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


class Ohif:
    """ASGI application: the build as it is, compressed and cached as ours is, with our configuration.

    Parameters
    ----------
    build
        Folder of the build.
    """

    def __init__(self, build: Path) -> None:
        self._build = build

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or with the page for an address that is the viewer's own."""
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.url.path
        if path == "/app-config.js":
            text = f"window.config = {json.dumps(CONFIGURATION)};"
            return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
        file = (self._build / path.lstrip("/")).resolve()
        if not file.is_relative_to(self._build) or not file.is_file():
            file = self._build / "index.html"
        cache = "no-cache" if file.suffix == ".html" else HASHED
        headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        sibling = file.with_name(file.name + ".gz")
        if "gzip" in request.headers.get("accept-encoding", "") and sibling.is_file():
            headers["Content-Encoding"] = "gzip"
        else:
            sibling = file
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Response(sibling.read_bytes(), media_type=media_type, headers=headers)


if __name__ == "__main__":
    print(f"OHIF {VERSION} is in {install()}", file=sys.stderr)
