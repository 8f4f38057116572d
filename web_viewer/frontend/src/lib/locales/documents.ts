/** Words of a report's files. */

const english = {
  title: "Report as a file",
  draft: "It is marked as an unverified draft.",
};

export const en = english;

export const ko: typeof english = {
  title: "보고서 파일",
  draft: "검증되지 않은 초안으로 표시됩니다.",
};
