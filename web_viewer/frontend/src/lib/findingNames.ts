/** Findings by their names and colours in the service's table. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { FindingDefinition, FindingLabel } from "./model";
import { findingTableQuery } from "./queries";

export interface FindingTable {
  rows: FindingDefinition[];
  nameOf: (label: FindingLabel) => string;
  colorOf: (label: FindingLabel) => string;
  isCritical: (label: FindingLabel) => boolean;
}

const NONE: FindingDefinition[] = [];

/** Return the table; the same object until the table or the language changes. */
export function useFindingTable(): FindingTable {
  const { language } = useTranslation().i18n;
  const rows = useQuery(findingTableQuery).data ?? NONE;
  return useMemo(() => tableOf(rows, language), [rows, language]);
}

function tableOf(rows: FindingDefinition[], language: string): FindingTable {
  const find = (label: FindingLabel) => rows.find((row) => row.label === label);
  return {
    rows,
    nameOf: (label) => {
      const row = find(label);
      if (!row) return label.replaceAll("_", " ");
      return language === "ko" ? row.name_ko : row.name_en;
    },
    colorOf: (label) => `rgb(${find(label)?.color.join(" ") ?? "160 160 160"})`,
    isCritical: (label) => find(label)?.critical ?? false,
  };
}
