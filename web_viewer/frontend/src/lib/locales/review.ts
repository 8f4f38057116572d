/** Words of what follows on a reader's own words and verdicts: objections, the proposal, addenda. */

const english = {
  objections: "Pointed out; nothing is refused",
  rule: {
    negation: "{{finding}}: the opposite of the finding, or of your verdict on it",
    presence: "{{finding}}: the opposite of the finding, or of your verdict on it",
    certainty: "{{finding}}: surer or less sure than the model, and not accepted by you",
    region: "{{finding}}: another place than on the image",
    side: "{{finding}}: the other side than on the image",
    radiograph: "{{finding}}: seen on another radiograph",
    age: "{{finding}}: does not belong to this age",
    omission: "Not mentioned here: {{finding}}",
  },
  rejected: "You rejected: {{findings}}. The report still speaks of it.",
  propose: "Take it out",
  addendum: "Addendum",
  addendumBy: "Addendum by {{name}}",
  add: "Add an addendum",
  addHint: "What was signed stays as it is. The addendum is signed by you and sent with the report.",
  addText: "Text of the addendum",
  sign: "Sign the addendum",
  signing: "Signing",
  cancel: "Cancel",
  failed: "Not signed: {{reason}}",
};

const korean: typeof english = {
  objections: "참고 사항이며 저장과 서명을 막지 않음",
  rule: {
    negation: "{{finding}}: 소견 또는 내린 판정과 반대됨",
    presence: "{{finding}}: 소견 또는 내린 판정과 반대됨",
    certainty: "{{finding}}: 모델의 확실성과 다르며 아직 수용하지 않은 소견임",
    region: "{{finding}}: 영상의 위치와 다름",
    side: "{{finding}}: 영상과 좌우가 반대임",
    radiograph: "{{finding}}: 다른 영상에서 관찰됨",
    age: "{{finding}}: 이 연령에 해당하지 않음",
    omission: "언급되지 않음: {{finding}}",
  },
  rejected: "거절한 소견: {{findings}}. 판독문에 아직 남아 있음.",
  propose: "판독문에서 제외",
  addendum: "추가 판독",
  addendumBy: "추가 판독: {{name}}",
  add: "추가 판독 작성",
  addHint: "서명된 내용은 바뀌지 않음. 추가 판독에 서명하면 판독문과 함께 전송됨.",
  addText: "추가 판독 내용",
  sign: "추가 판독 서명",
  signing: "서명 중",
  cancel: "취소",
  failed: "서명하지 못함: {{reason}}",
};

export const en = english;
export const ko = korean;
