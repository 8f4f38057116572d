/** How each segment of the overlay is drawn, given what the reader chose. Pure. */

import type { Finding, FindingDefinition } from "../../lib/model";

export type Rgb = readonly [number, number, number];

export interface SegmentStyle {
  bit: number; // segment number - 1
  color: Rgb;
  fill: number; // 0..1
  stroke: number; // 0..1
  dashed: boolean; // indeterminate
  emphasised: boolean; // selected
}

export interface OverlayChoice {
  opacity: number; // 0..1, of the fill and the outline together
  hidden: ReadonlySet<string>; // finding labels
  allHidden: boolean;
  selected: string | null; // finding id
  replaced?: (findingId: string) => boolean; // by what the reader cut out of its map
}

const FILL = 0.34;
const FILL_OTHERS = 0.14; // while another finding is selected

/** Return a style per drawn segment, in segment order; absent findings and hidden ones have none. */
export function segmentStyles(
  findings: readonly Finding[],
  table: readonly FindingDefinition[],
  choice: OverlayChoice,
): SegmentStyle[] {
  if (choice.allHidden || choice.opacity <= 0) return [];
  const anySelected = findings.some((finding) => finding.id === choice.selected);
  const styles: SegmentStyle[] = [];
  for (const definition of table) {
    const finding = findings.find((candidate) => candidate.label === definition.label);
    if (!finding || finding.presence === "absent" || choice.hidden.has(definition.label)) continue;
    if (choice.replaced?.(finding.id)) continue;
    const emphasised = finding.id === choice.selected;
    const share = anySelected && !emphasised ? FILL_OTHERS : FILL;
    styles.push({
      bit: definition.segment_number - 1,
      color: definition.color,
      fill: share * choice.opacity,
      stroke: Math.min(1, choice.opacity * 1.6) * (anySelected && !emphasised ? 0.55 : 1),
      dashed: finding.presence === "indeterminate",
      emphasised,
    });
  }
  return styles.sort((one, other) => one.bit - other.bit);
}
