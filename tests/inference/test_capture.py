import cv2
import numpy as np

from inference.capture import LONGEST_SIDE, draw_capture, draw_overlay, encode_png
from study.findings import FINDINGS, FindingLabel
from study.model import DISCLAIMER_EN
from study.pixels import display_values
from training.phantom import PhantomKind

KIND = PhantomKind.PYLORIC_STENOSIS
COLOR = FINDINGS[FindingLabel.PYLORIC_STENOSIS].color


def test_the_segment_is_filled_and_outlined_in_the_findings_colour(radiographs, measured):
    result = measured(KIND)
    display = display_values(radiographs[KIND])
    picture = draw_overlay(display, result.labels)
    assert picture.shape == (*display.shape, 3)
    gray = np.rint(display * 255)
    inside = cv2.erode((result.labels > 0).astype(np.uint8), np.ones((9, 9))) > 0
    outside = cv2.dilate((result.labels > 0).astype(np.uint8), np.ones((9, 9))) == 0
    expected = gray[inside][:, None] * 0.7 + np.array(COLOR) * 0.3
    assert np.abs(picture[inside] - expected).max() <= 1
    assert np.abs(picture[outside] - gray[outside][:, None]).max() <= 1
    edge = ~inside & ~outside
    assert (picture[edge] == COLOR).all(axis=1).any()


def test_the_disclaimer_is_burnt_into_the_radiograph(radiographs, measured):
    result = measured(KIND)
    display = display_values(radiographs[KIND])
    with_it = draw_capture(display, result.labels, result.findings, DISCLAIMER_EN)
    without = draw_capture(display, result.labels, result.findings, "")
    changed = np.abs(with_it.astype(int) - without).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert columns.max() < display.shape[1]  # on the image itself, not on the panel beside it
    assert rows.min() > display.shape[0] * 0.9
    assert np.ptp(columns) > 200


def test_a_large_radiograph_is_drawn_smaller_and_the_png_reads_back():
    labels = np.zeros((3000, 2400), np.uint8)
    labels[1000:2000, 1000:1500] = 4
    picture = draw_overlay(np.full(labels.shape, 0.5, np.float32), labels)
    assert max(picture.shape) == LONGEST_SIDE
    read = cv2.imdecode(np.frombuffer(encode_png(picture), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(read, picture)
