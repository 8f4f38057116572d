"""The shipped model on every runtime, from a file to its SEG, the CPU's peak, and a process's start."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from inference.hanging import Hanging
from inference.measure import measure
from inference.models import ModelPackage, load_package
from inference.openvino_runtime import OpenVinoRuntime
from inference.parity import certificates
from inference.predict import Predictor
from inference.preprocess import prepare
from inference.results import result_uids
from inference.runtime import Precision
from inference.seg import write_seg
from inference.serving import Serving, open_runtime
from study.errors import ModelError
from study.pixels import attenuation_values
from training.phantom import PhantomKind, draw_phantom
from training.phantom_dicom import radiograph_dataset

RESULTS = Path(__file__).parent / "results" / "vision.md"
SIDE = 2048
Evaluate = Callable[[NDArray[np.float32]], NDArray[np.float32]]

# A child measures a start from nothing: the package opened and checked, warmed up, one radiograph read.
START = """
import json, sys, time
began = time.perf_counter()
import pydicom
from pathlib import Path
from inference.models import load_package
from inference.runtime import Precision
from inference.serving import Serving, open_predictor
from inference.results import read_radiograph
from study.pixels import attenuation_values
from study.telemetry import now
file, engine, cache = sys.argv[1:4]
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
serving = Serving(engine=engine, threads=2, cache=Path(cache))
predictor = open_predictor(load_package(), serving)
opened = time.perf_counter()
dataset = pydicom.dcmread(file)
read_radiograph(dataset, attenuation_values(dataset), predictor, now())
print(json.dumps([(opened - began) * 1000, (time.perf_counter() - began) * 1000]))
"""


class Timed(NamedTuple):
    """Milliseconds, over many runs."""

    median: float
    fastest: float


def timed(work: Callable[[], object], runs: int) -> Timed:
    for _ in range(3):
        work()
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return Timed(statistics.median(taken), min(taken))


def interleaved(works: dict[str, Callable[[], object]], runs: int) -> dict[str, Timed]:
    """Time several ways in turn, so that what else the machine does falls on all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(runs + 3):
        for name, work in works.items():
            time.sleep(0.02)  # until the threads of the one before sleep
            began = time.perf_counter()
            work()
            if number >= 3:
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: Timed(statistics.median(values), min(values)) for name, values in taken.items()}


def evaluators(package: ModelPackage, threads: int) -> dict[str, Evaluate]:
    """Return every way to evaluate the network: Kidray's, and each library as its first page says."""
    ways: dict[str, Evaluate] = {}
    for engine, precision in (
        ("openvino", Precision.FP32),
        ("openvino", Precision.BF16),
        ("openvino", Precision.INT8),
        ("onnxruntime", Precision.FP32),
    ):
        try:
            runtime = open_runtime(package, Serving(engine=engine, precision=precision, threads=threads))
        except ModelError as error:
            print(f"left out: {error}")
            continue
        name = f"Kidray: {runtime.name.partition(' on ')[0]}, {precision}"
        ways[name] = lambda batch, runtime=runtime: runtime(batch).probabilities
    return ways | _plain(package, threads)


def _plain(package: ModelPackage, threads: int) -> dict[str, Evaluate]:
    import onnxruntime
    import openvino
    import torch
    from safetensors.torch import load_file

    from inference.unet import UNet

    torch.set_num_threads(threads)
    network = UNet(**package.description.network)
    weights = {name: value.float() for name, value in load_file(package.weights).items()}
    network.load_state_dict(weights, strict=False)
    network.eval()
    session = onnxruntime.InferenceSession(str(package.network), providers=["CPUExecutionProvider"])
    compiled = openvino.compile_model(str(package.network), "CPU")

    def eager(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return torch.softmax(network(torch.from_numpy(batch)).logits, dim=1).numpy()

    name, output = package.description.input_name, package.description.output_name
    version = openvino.__version__.partition("-")[0]
    took = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return {
        f"torch {torch.__version__}, eager, fp32": eager,
        f"ONNX Runtime {onnxruntime.__version__}, plain": lambda b: session.run([output], {name: b})[0],
        f"OpenVINO {version}, plain (took {took} by itself)": lambda b: compiled({0: b})[0],
    }


def operations(package: ModelPackage) -> float:
    """Return the floating-point operations of the network's convolutions for one radiograph."""
    import torch
    from torch import nn

    from inference.unet import UNet

    network, total = UNet(**package.description.network).eval(), 0.0

    def count(module: nn.Module, _given: object, made: torch.Tensor) -> None:
        nonlocal total
        weight = module.weight  # (out, in, h, w), transposed (in, out, h, w)
        places = made.shape[-1] * made.shape[-2]
        transposed = isinstance(module, nn.ConvTranspose2d)
        per_place = weight[0].numel() if not transposed else weight.shape[0]
        total += 2 * per_place * made.shape[1] * places

    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(count)
    with torch.inference_mode():
        network(torch.zeros(1, 1, package.size, package.size))
    return total


def matrix_peak(threads: int, *, halved: bool) -> float:
    """Return the fastest matrix product that this CPU was seen to do, in GFLOP/s, by OpenVINO."""
    import openvino as ov
    from openvino import opset13 as ops

    side = 1536
    given = ops.parameter([side, side], np.float32)
    product = ops.matmul(given, ops.constant(np.ones((side, side), np.float32)), False, False)
    hint = {"INFERENCE_PRECISION_HINT": "bf16" if halved else "f32", "INFERENCE_NUM_THREADS": threads}
    compiled = ov.Core().compile_model(ov.Model([product], [given]), "CPU", hint)
    request, values = compiled.create_infer_request(), np.ones((side, side), np.float32)
    fastest = timed(lambda: request.infer({0: values}), 15).fastest
    return 2 * side**3 / (fastest / 1000) / 1e9


def from_file(file: Path, predictor: Predictor) -> dict[str, Callable[[], object]]:
    """Return the parts of the way from a file to its SEG, and all of it."""
    import pydicom

    package, now = predictor.package, datetime.now(timezone.utc)
    dataset = pydicom.dcmread(file)
    values = attenuation_values(dataset)
    prediction = predictor.predict(Hanging.of(dataset).upright(values))
    measured = measure(prediction, dataset, package)
    uids, _ = result_uids(dataset.StudyInstanceUID, dataset.SOPInstanceUID, package.identity)
    square, _ = prepare(values, package.size)

    def seg() -> object:
        return write_seg(measured.labels, measured.findings, dataset, package.identity, uids, now)

    def whole() -> object:
        read = pydicom.dcmread(file)
        upright = Hanging.of(read).upright(attenuation_values(read))
        found = measure(predictor.predict(upright), read, package)
        return write_seg(found.labels, found.findings, read, package.identity, uids, now)

    return {
        "read and decode": lambda: attenuation_values(pydicom.dcmread(file)),
        "preprocess": lambda: prepare(values, package.size),
        "network": lambda: predictor.runtime(square[None]),
        "masks and measurements": lambda: measure(prediction, dataset, package),
        "SEG": seg,
        "file to SEG, all of it": whole,
    }


def start(file: Path, engine: str, cache: Path) -> Timed:
    """Return milliseconds from the process's first line to the open model, and to the first answer."""
    command = [sys.executable, "-c", START, str(file), engine, str(cache)]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return Timed(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks vision", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, default=None, help="another package's folder")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    package = load_package(given.model)
    said = machine.in_words()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = folder / "radiograph.dcm"
        phantom = draw_phantom(1, PhantomKind.AIR_FLUID_LEVELS, size=(SIDE, SIDE))
        radiograph_dataset(phantom, number=1).save_as(file, enforce_file_format=True)
        field, _ = prepare(phantom.attenuation_image, package.size)
        text = report(package, field[None], file, folder, given, said)
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(text, encoding="utf-8")
    print(text)


def report(
    package: ModelPackage,
    batch: NDArray[np.float32],
    file: Path,
    folder: Path,
    given: argparse.Namespace,
    said: str,
) -> str:
    threads, runs = given.threads, given.runs
    ways = evaluators(package, threads)
    reference = next(way(batch) for name, way in ways.items() if "eager" in name)
    labels = {name: way(batch).argmax(axis=1) for name, way in ways.items()}
    agree = {name: float(np.mean(each == reference.argmax(axis=1))) for name, each in labels.items()}
    times = interleaved({name: lambda way=way: way(batch) for name, way in ways.items()}, runs)
    eager = next(each.median for name, each in times.items() if "eager" in name)
    size = package.size
    lines = [
        "# Vision",
        "",
        f"`make bench-vision`. {said}; {threads} threads for the network.",
        "",
        f"## The shipped network, {package.description.name} {package.description.version}, "
        f"on one radiograph at {size} x {size}",
        "",
        f"In turn, {runs} rounds: what else the machine does falls on all alike.",
        "",
        "| runtime | median ms | fastest ms | per second | against eager | same labels |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in times.items():
        lines.append(
            f"| {name} | {each.median:.1f} | {each.fastest:.1f} | {1000 / each.median:.0f} | "
            f"{eager / each.median:.1f} x | {agree[name]:.3%} |"
        )
    lines += ["", *peak(package, times, threads), "", *certified(package), ""]
    lines += [f"## From the file of a {SIDE} x {SIDE} radiograph, 16 bits, to its SEG", ""]
    lines += ["| part | " + " | ".join(f"{p} ms" for p in ("fp32", "bf16")) + " |", "|---|---|---|"]
    columns = []
    for precision in (Precision.FP32, Precision.BF16):
        runtime = OpenVinoRuntime(package, threads=threads, precision=precision)
        columns.append(interleaved(from_file(file, Predictor(package, runtime=runtime)), runs))
    for part in columns[0]:
        lines.append(f"| {part} | " + " | ".join(f"{column[part].median:.1f}" for column in columns) + " |")
    lines += ["", "Median ms; the parts of one column were timed in turn.", "", *starts(file, folder)]
    return "\n".join(lines) + "\n"


def peak(package: ModelPackage, times: dict[str, Timed], threads: int) -> list[str]:
    work = operations(package) / 1e9
    lines = [f"A radiograph takes {work:.2f} G floating-point operations in convolutions."]
    for precision, halved in (("fp32", False), ("bf16", True)):
        reached = next(
            (t for n, t in times.items() if n.startswith("Kidray: OpenVINO") and precision in n), None
        )
        if reached is None:
            continue
        fastest = work / (reached.fastest / 1000)
        most = matrix_peak(threads, halved=halved)
        lines.append(
            f"In {precision} OpenVINO does {fastest:.0f} GFLOP/s of them, {fastest / most:.0%} of the "
            f"{most:.0f} GFLOP/s of this CPU's fastest matrix product in {precision}."
        )
    return lines


def certified(package: ModelPackage) -> list[str]:
    held = certificates(package)
    if not held:
        return ["The package holds no parity certificate: it serves in fp32 alone."]
    return [
        f"{c.precision} on {c.engine} is certified on {c.images} {c.set}: labels agree "
        f"{c.label_agreement:.2%}, Dice {c.dice:.4f} against {c.dice_fp32:.4f}, {c.reversed} of "
        f"{c.decisions} decisions reversed, {c.bands_changed} moved to or from indeterminate"
        + (f"; it does not serve: {'; '.join(c.shortfalls)}." if c.shortfalls else ".")
        for c in held
    ]


def starts(file: Path, folder: Path) -> list[str]:
    lines = [
        "## From a process's start to its first answer",
        "",
        "Model opened, verified, asked for its golden image, one radiograph read to SEG and SR; median of 3.",
        "",
        "| runtime | model ready ms | first answer ms |",
        "|---|---|---|",
    ]
    for engine, name in (("openvino", "OpenVINO, network cached"), ("onnxruntime", "ONNX Runtime")):
        cache = folder / "cache"
        start(file, engine, cache)  # fills the cache, and the system's of files
        taken = [start(file, engine, cache) for _ in range(3)]
        ready, first = (statistics.median(each) for each in zip(*taken, strict=True))
        lines.append(f"| {name} | {ready:.0f} | {first:.0f} |")
    return lines


if __name__ == "__main__":
    main()
