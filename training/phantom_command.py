"""`kidray phantom`: write synthetic radiographs, plain or as asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from study.errors import SettingsError
from study.findings import FindingLabel
from training.case import Appliance, Mimic, PhantomKind, Projection, Site
from training.console import progress, said_plainly
from training.strangers import StrangerKind, draw_stranger

if TYPE_CHECKING:
    from training.phantom import Phantom
    from training.phantom_set import Drawing


def phantom(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed writes the same files.")] = 0,
    kind: Annotated[
        PhantomKind | None, typer.Option(help="All of one kind; else the five classes in turn.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=64, help="Rows and columns; else usual detector sizes.")
    ] = None,
    severity: Annotated[
        float | None, typer.Option(min=0, max=1, help="0 subtle to 1 gross; else plainly visible.")
    ] = None,
    also: Annotated[list[FindingLabel] | None, typer.Option(help="A further finding; repeatable.")] = None,
    view: Annotated[Projection | None, typer.Option(help="Else supine or erect.")] = None,
    mimic: Annotated[list[Mimic] | None, typer.Option(help="A look-alike; repeatable.")] = None,
    appliance: Annotated[list[Appliance] | None, typer.Option(help="In or on the child; repeatable.")] = None,
    site: Annotated[Site, typer.Option(help="Equipment and patients; B is never trained on.")] = Site.A,
    mixed: Annotated[
        bool, typer.Option("--mixed", help="Everything as it is mixed for training, but for the site.")
    ] = False,
    stranger: Annotated[
        StrangerKind | None, typer.Option(help="What is no child's abdomen from the front.")
    ] = None,
) -> None:
    """Draw synthetic pediatric abdominal radiographs.

    Writes OUT/phantom-0001-<kind>.dcm (DICOM DX, for presentation), the ground truth of those with a finding
    as OUT/truth/phantom-0001-<kind>.seg.dcm, and OUT/manifest.csv. Each phantom is its own study.

    The kinds: normal, pyloric_stenosis, pneumoperitoneum, air_fluid_levels, constipation; and chest, which
    the service must refuse to read. Further findings, look-alikes, appliances and views can be asked for;
    --mixed draws them as often as training meets them, and --stranger draws what must not be read.

    Example: kidray phantom --out phantoms --count 10 --seed 1
    Example: kidray phantom --out subtle --kind pneumoperitoneum --severity 0.1 --view left_lateral_decubitus
    """
    from training.phantom_set import write_phantoms

    asked: dict[str, object] = {
        "view": view,
        "severity": severity,
        "also": also or (),
        "mimics": mimic or (),
        "appliances": appliance or (),
    }
    with said_plainly(), progress("drawing") as report:
        if (mixed or stranger) and (kind or any(value for value in asked.values()) or (mixed and stranger)):
            raise SettingsError("--mixed and --stranger decide what is drawn: ask for nothing else")
        drawing = _drawing(mixed, stranger, site, asked)
        square = (size, size) if size else None
        try:
            written = write_phantoms(out, count, seed, kind=kind, size=square, drawing=drawing)
            for number, _ in enumerate(written, start=1):
                report(number, count)
        except ValueError as error:
            raise SettingsError(str(error)) from error
    typer.echo(f"{count} phantoms in {out}, listed in {out / 'manifest.csv'}")


def _drawing(mixed: bool, stranger: StrangerKind | None, site: Site, asked: dict[str, object]) -> Drawing:
    from training.mix import HELD_OUT_SITE, TRAINING, draw_for
    from training.phantom import draw_phantom

    def as_mixed(seed: int, _kind: PhantomKind, size: tuple[int, int]) -> Phantom:
        return draw_for(seed, size, TRAINING if site is Site.A else HELD_OUT_SITE)

    def as_asked(seed: int, kind: PhantomKind, size: tuple[int, int]) -> Phantom:
        return draw_phantom(seed, kind, size=size, site=site, **asked)  # type: ignore[arg-type]

    if stranger is not None:
        return lambda seed, _kind, size: draw_stranger(seed, stranger, size)
    return as_mixed if mixed else as_asked
