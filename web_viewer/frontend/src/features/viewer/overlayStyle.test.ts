import { describe, expect, it } from "vitest";
import type { Finding, FindingDefinition } from "../../lib/model";
import { segmentStyles } from "./overlayStyle";

const definition = (label: string, segment_number: number): FindingDefinition => ({
  label,
  segment_number,
  name_en: label,
  name_ko: label,
  color: [213, 94, 0],
  critical: false,
});
const table = [definition("gas", 2), definition("stomach", 1)];
const finding = (label: string, presence: Finding["presence"]): Finding => ({
  id: `${label}@1.2`,
  label,
  radiograph_uid: "1.2",
  presence,
  certainty: "high",
  probability: 0.9,
  operating_point: 0.5,
  region: null,
  area_mm2: null,
  area_px: 10,
  count: 1,
  box: null,
});
const plain = { opacity: 1, hidden: new Set<string>(), allHidden: false, selected: null };

describe("segments of the overlay", () => {
  it("are drawn for what is there, by the bit of their segment number, in its order", () => {
    const styles = segmentStyles(
      [finding("gas", "present"), finding("stomach", "indeterminate")],
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
    const findings = [finding("gas", "present"), finding("stomach", "absent")];
    expect(segmentStyles(findings, table, plain)).toHaveLength(1);
    expect(segmentStyles(findings, table, { ...plain, hidden: new Set(["gas"]) })).toEqual([]);
    expect(segmentStyles(findings, table, { ...plain, allHidden: true })).toEqual([]);
    expect(segmentStyles(findings, table, { ...plain, opacity: 0 })).toEqual([]);
  });

  it("fade with the opacity, and behind a selected one", () => {
    const findings = [finding("gas", "present"), finding("stomach", "present")];
    const [full] = segmentStyles(findings, table, plain);
    const [half] = segmentStyles(findings, table, { ...plain, opacity: 0.5 });
    expect(half?.fill).toBeCloseTo((full?.fill ?? 0) / 2, 12);
    const [stomach, gas] = segmentStyles(findings, table, { ...plain, selected: "gas@1.2" });
    expect(gas?.emphasised).toBe(true);
    expect(stomach?.fill).toBeLessThan(gas?.fill ?? 0);
  });
});
