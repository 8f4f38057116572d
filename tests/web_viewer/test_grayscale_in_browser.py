"""The grayscale chain, pixel by pixel: stored values in a file to greys on a screen, against pydicom's."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pydicom import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from study.intake import Intake
from tests.study.radiographs import radiograph
from tests.web_viewer.browser import SLOW, a_page, open_study
from tests.web_viewer.server import serving
from tests.web_viewer.studies import take
from web_viewer.deps import STATIC, Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# What the canvas shows of an image at 1:1, red channel, row by row.
READ_GREYS = """([columns, rows]) => {
  const canvas = document.querySelector('[data-testid="viewer-canvas"]');
  const copy = document.createElement("canvas");
  copy.width = columns;
  copy.height = rows;
  const left = Math.round(canvas.width / 2 - columns / 2);
  const top = Math.round(canvas.height / 2 - rows / 2);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, left, top, columns, rows, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  let text = "";
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) throw new Error("not a grey");
    text += String.fromCharCode(data[i]);
  }
  return btoa(text);
}"""


def every_value(bits: int, *, signed: bool = False) -> np.ndarray:
    """Return an image that holds each possible stored value once."""
    side = 1 << (bits // 2)
    values = np.arange(1 << bits, dtype=np.int64).reshape(-1, side)
    return (values - (1 << (bits - 1))).astype(np.int16) if signed else values.astype(np.uint16)


def a_lut(first: int, bits: int, data: np.ndarray) -> Sequence:
    item = Dataset()
    item.LUTDescriptor = [len(data), first, bits]
    item["LUTDescriptor"].VR = "SS" if first < 0 else "US"
    item.add_new("LUTData", "US", [int(value) for value in data])
    item.ModalityLUTType = "US"
    return Sequence([item])


def gamma(count: int, bits: int) -> np.ndarray:
    return np.rint(((1 << bits) - 1) * (np.arange(count) / (count - 1)) ** 0.6)


WINDOW = {"WindowCenter": 1500, "WindowWidth": 2100}
CASES: dict[str, Dataset] = {
    "LINEAR, 12 bits": radiograph(every_value(12), **WINDOW),
    "LINEAR, 10 bits": radiograph(every_value(10), bits=10, WindowCenter=512, WindowWidth=700),
    "LINEAR, 14 bits": radiograph(every_value(14), bits=14, WindowCenter=9000, WindowWidth=8000),
    "LINEAR, 16 bits": radiograph(every_value(16), bits=16, WindowCenter=30000, WindowWidth=50000),
    "LINEAR, 16 bits, a narrow window": radiograph(
        every_value(16), bits=16, WindowCenter=41000, WindowWidth=90
    ),
    "LINEAR, 16 bits signed": radiograph(
        every_value(16, signed=True), bits=16, WindowCenter=-3000, WindowWidth=40000
    ),
    "LINEAR, 12 bits signed, rescaled": radiograph(
        every_value(12, signed=True),
        RescaleSlope=0.5,
        RescaleIntercept=-100,
        WindowCenter=20,
        WindowWidth=500,
    ),
    "LINEAR of width 1": radiograph(every_value(12), WindowCenter=1500, WindowWidth=1),
    "LINEAR_EXACT": radiograph(
        every_value(12), WindowCenter=900.5, WindowWidth=333.25, VOILUTFunction="LINEAR_EXACT"
    ),
    "SIGMOID": radiograph(every_value(12), WindowCenter=2000, WindowWidth=700, VOILUTFunction="SIGMOID"),
    "VOI LUT": radiograph(every_value(12), VOILUTSequence=a_lut(0, 12, gamma(4096, 12))),
    "VOI LUT before a window": radiograph(
        every_value(12), VOILUTSequence=a_lut(700, 16, gamma(2000, 16)), **WINDOW
    ),
    "VOI LUT of negative values": radiograph(
        every_value(12, signed=True), VOILUTSequence=a_lut(-1000, 10, gamma(2000, 10))
    ),
    "Modality LUT and window": radiograph(
        every_value(12),
        ModalityLUTSequence=a_lut(0, 16, gamma(4096, 16)),
        WindowCenter=30000,
        WindowWidth=40000,
    ),
    "MONOCHROME1": radiograph(every_value(12), PhotometricInterpretation="MONOCHROME1", **WINDOW),
    "MONOCHROME1, SIGMOID": radiograph(
        every_value(12),
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=2000,
        WindowWidth=700,
        VOILUTFunction="SIGMOID",
    ),
    "INVERSE": radiograph(every_value(12), PresentationLUTShape="INVERSE", **WINDOW),
    "padding": radiograph(
        every_value(12),
        PixelPaddingValue=4095,
        PixelPaddingRangeLimit=4000,
        WindowCenter=1000,
        WindowWidth=1800,
    ),
    "padding, MONOCHROME1": radiograph(
        every_value(12),
        PhotometricInterpretation="MONOCHROME1",
        PixelPaddingValue=0,
        PixelPaddingRangeLimit=30,
        WindowCenter=2000,
        WindowWidth=3900,
    ),
}


def greys(dataset: Dataset) -> np.ndarray:
    """Return what a display shows by pydicom's own chain: 0 to 255."""
    modality = np.asarray(apply_modality_lut(dataset.pixel_array, dataset), np.float64)
    if "VOILUTSequence" in dataset:
        bits = dataset.VOILUTSequence[0].LUTDescriptor[2]
        shown = apply_voi_lut(modality.astype(np.int32), dataset) / ((1 << bits) - 1)
    else:
        far = 100 * float(dataset.WindowWidth)
        ends = [dataset.WindowCenter - far, dataset.WindowCenter + far]
        windowed = apply_voi_lut(np.append(modality.ravel(), ends), dataset)
        low, high = windowed[-2:]
        shown = ((windowed[:-2] - low) / (high - low)).reshape(modality.shape)
    if dataset.PhotometricInterpretation == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE":
        shown = 1 - shown
    if "PixelPaddingValue" in dataset:
        low, high = sorted((dataset.PixelPaddingValue, dataset.PixelPaddingRangeLimit))
        shown = np.where((dataset.pixel_array >= low) & (dataset.pixel_array <= high), 0, shown)
    return 255 * shown


@pytest.fixture(scope="module", params=["canvas2d", "webgl2"])
def page(request: pytest.FixtureRequest) -> Iterator[tuple[Page, str]]:
    with a_page(webgl=request.param == "webgl2") as page:
        yield page, request.param


@pytest.fixture
def url(build_services: Callable[..., Services]) -> Iterator[str]:
    with serving(build_services(static=STATIC)) as (url, _, _):
        yield url


def seen(page: Page, url: str, renderer: str, dataset: Dataset) -> np.ndarray:
    """Return the greys on the screen at one image pixel per device pixel."""
    canvas = open_study(page, url, str(dataset.StudyInstanceUID), renderer=renderer)
    expect(canvas).to_have_attribute("data-renderer", renderer, timeout=SLOW)
    page.keyboard.press("a")
    expect(page.get_by_text("100 %", exact=True)).to_be_visible(timeout=SLOW)
    return drawn(page, dataset)


def drawn(page: Page, dataset: Dataset) -> np.ndarray:
    """Return the greys on the screen after what was asked for has been drawn."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    raw: Any = page.evaluate(READ_GREYS, [columns, rows])
    return np.frombuffer(base64.b64decode(raw), np.uint8).reshape(rows, columns)


def test_every_stored_value_gets_the_grey_that_the_standard_gives_it(
    page: tuple[Page, str], url: str, intake: Intake
):
    tab, renderer = page
    for dataset in CASES.values():
        take(intake, dataset)
    off = {}
    for name, dataset in CASES.items():
        off[name] = float(np.abs(seen(tab, url, renderer, dataset) - greys(dataset)).max())
    tab.goto("about:blank")
    assert {name: error for name, error in off.items() if error > 0.51} == {}


def test_what_the_reader_changes_acts_on_modality_values(page: tuple[Page, str], url: str, intake: Intake):
    tab, renderer = page
    dataset = radiograph(
        every_value(16),
        bits=16,
        RescaleSlope=1,
        RescaleIntercept=-1000,
        WindowCenter=[30000, 5000],
        WindowWidth=[50000, 3000],
    )
    take(intake, dataset)
    as_stored = seen(tab, url, renderer, dataset)
    tab.get_by_label("Preset").select_option(index=2)
    dataset.WindowCenter, dataset.WindowWidth = 5000, 3000
    chosen = drawn(tab, dataset)
    assert np.abs(chosen - greys(dataset)).max() <= 0.51
    tab.keyboard.press("i")
    assert np.abs(drawn(tab, dataset) - (255 - greys(dataset))).max() <= 0.51
    assert not np.array_equal(as_stored, chosen)
    tab.goto("about:blank")
