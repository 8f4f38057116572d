import { describe, expect, it } from "vitest";
import type { Finding, FindingDefinition, FindingLabel } from "../../lib/model";
import { segmentStyles } from "./overlayStyle";

const definition = (label: FindingLabel, segment_number: number): FindingDefinition => ({
  label,
  segment_number,
  name_en: label,
  name_ko: label,
  color: [213, 94, 0],
  critical: false,
  regions: [],
});
const table = [definition("pneumoperitoneum", 2), definition("pyloric_stenosis", 1)];
const finding = (label: FindingLabel, presence: Finding["presence"]): Finding => ({
  id: `${label}@1.2`,
  label,
  radiograph_uid: "1.2",
  presence,
  certainty: "high",
  probability: 0.9,
  uncertainty: null,
  operating_point: 0.5,
  region: null,
  area_mm2: null,
  area_plane: "detector",
  area_px: 10,
  count: 1,
  box: null,
  segment: null,
  drawn_by: null,
  stated: null,
});
const plain = { opacity: 1, hidden: new Set<string>(), allHidden: false, selected: null };

describe("segments of the overlay", () => {
  it("are drawn for what is there, by the bit of their segment number, in its order", () => {
    const styles = segmentStyles(
      [finding("pneumoperitoneum", "present"), finding("pyloric_stenosis", "indeterminate")],
      table,
      plain,
    );
    expect(styles.map((style) => [style.bit, style.dashed])).toEqual([
      [0, true],
      [1, false],
    ]);
    expect(styles[1]?.color).toEqual([213, 94, 0]);
  });

  it("are not drawn for what is absent, hidden, or while all are hidden", () => {
    const findings = [finding("pneumoperitoneum", "present"), finding("pyloric_stenosis", "absent")];
    expect(segmentStyles(findings, table, plain)).toHaveLength(1);
    expect(segmentStyles(findings, table, { ...plain, hidden: new Set(["pneumoperitoneum"]) })).toEqual([]);
    expect(segmentStyles(findings, table, { ...plain, allHidden: true })).toEqual([]);
    expect(segmentStyles(findings, table, { ...plain, opacity: 0 })).toEqual([]);
  });

  it("fade with the opacity, and behind a selected one", () => {
    const findings = [finding("pneumoperitoneum", "present"), finding("pyloric_stenosis", "present")];
    const [full] = segmentStyles(findings, table, plain);
    const [half] = segmentStyles(findings, table, { ...plain, opacity: 0.5 });
    expect(half?.fill).toBeCloseTo((full?.fill ?? 0) / 2, 12);
    const [stomach, gas] = segmentStyles(findings, table, { ...plain, selected: "pneumoperitoneum@1.2" });
    expect(gas?.emphasised).toBe(true);
    expect(stomach?.fill).toBeLessThan(gas?.fill ?? 0);
  });
});
