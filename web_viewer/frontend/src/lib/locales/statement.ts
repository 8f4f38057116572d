/** Words of the editor of one finding. */

const english = {
  addTitle: "A finding that the model did not report",
  finding: "Finding",
  presence: "Presence",
  certainty: "Certainty",
  region: "Region",
  anywhere: "not said",
  reader: "Your name",
  save: "Save",
  saving: "Saving",
  cancel: "Cancel",
  undo: { model: "Back to what the model said", outline: "Back to what the outline says" },
  failed: "Not kept: {{reason}}",
  meanwhile: "Stated meanwhile by {{name}}: {{said}}.",
  takenBack: "Meanwhile it was taken back: {{said}}.",
  theirs: "Take that one",
  mine: "Keep mine",
};

export const en = english;

export const ko: typeof english = {
  addTitle: "모델이 보고하지 않은 소견",
  finding: "소견",
  presence: "유무",
  certainty: "확실성",
  region: "위치",
  anywhere: "지정 안 함",
  reader: "판독자 이름",
  save: "저장",
  saving: "저장 중",
  cancel: "취소",
  undo: { model: "모델 소견으로 되돌리기", outline: "윤곽 소견으로 되돌리기" },
  failed: "저장되지 않음: {{reason}}",
  meanwhile: "그사이 {{name}} 님이 수정함: {{said}}.",
  takenBack: "그사이 되돌려짐: {{said}}.",
  theirs: "그 내용으로 하기",
  mine: "내 내용 유지",
};
