/** Words of the image side of the viewer. */

const english = {
  region: "Window by region",
  compare: "Compare with a prior, side by side",
  keyImage: "Key image",
  flippedBeside: "flipped",
  correction: {
    title: "Drawing an outline",
    of: "Outline: {{finding}}",
    brush: "Brush",
    eraser: "Eraser",
    polygon: "Polygon",
    size: "Size",
    undo: "Undo",
    redo: "Redo",
    discard: "Discard",
    save: "Save outline",
    saving: "Saving",
    measuring: "Measuring",
    empty: "Nothing is inside. Reject the finding instead.",
    failed: "The outline was not kept: {{reason}}",
  },
  measure: {
    title: "Measurements",
    length: "Length",
    angle: "Angle",
    rectangle: "Rectangle",
    ellipse: "Ellipse",
    arrow: "Arrow",
    text: "Text",
    atDetector: "at detector",
    mean: "mean",
    deviation: "SD",
    name: "Name of the measurement",
    remove: "Remove the measurement",
    unsaved: "Not saved yet",
    save: "Save measurements",
    failed: "The measurements were not kept: {{reason}}",
  },
};

export const en = english;

export const ko: typeof english = {
  region: "영역으로 창 설정",
  compare: "이전 검사와 나란히 비교",
  keyImage: "핵심 영상",
  flippedBeside: "좌우 반전됨",
  correction: {
    title: "윤곽 그리기",
    of: "윤곽: {{finding}}",
    brush: "브러시",
    eraser: "지우개",
    polygon: "다각형",
    size: "크기",
    undo: "실행 취소",
    redo: "다시 실행",
    discard: "버리기",
    save: "윤곽 저장",
    saving: "저장 중",
    measuring: "측정 중",
    empty: "안쪽이 비어 있습니다. 대신 소견을 거부하십시오.",
    failed: "윤곽이 저장되지 않았습니다: {{reason}}",
  },
  measure: {
    title: "측정",
    length: "길이",
    angle: "각도",
    rectangle: "사각형",
    ellipse: "타원",
    arrow: "화살표",
    text: "글자",
    atDetector: "검출기 면",
    mean: "평균",
    deviation: "표준편차",
    name: "측정 이름",
    remove: "측정 삭제",
    unsaved: "아직 저장되지 않음",
    save: "측정 저장",
    failed: "측정이 저장되지 않았습니다: {{reason}}",
  },
};

const englishFindings = {
  correct: "Draw the outline of {{finding}} anew",
  drawAbsent: "{{finding}} is there: draw its outline",
  cut: "Display threshold: {{finding}}",
  drawnBy: "Outline by {{name}}",
  edit: "{{finding}}: state presence, certainty, region",
  add: "Add a finding",
  statedBy: "Stated by {{name}}",
  said: { model: "model: {{said}}", outline: "outline: {{said}}" },
};

export const enFindings = englishFindings;

export const koFindings: typeof englishFindings = {
  correct: "{{finding}} 윤곽 다시 그리기",
  drawAbsent: "{{finding}} 있음: 윤곽 그리기",
  cut: "표시 임계값: {{finding}}",
  drawnBy: "윤곽: {{name}}",
  edit: "{{finding}}: 유무, 확실성, 위치 수정",
  add: "소견 추가",
  statedBy: "판독: {{name}}",
  said: { model: "모델: {{said}}", outline: "윤곽: {{said}}" },
};

const englishSteps = {
  corrected: "Outline drawn by a reader",
  stated: "Finding stated by a reader",
  measured: "Measurements",
  key_images: "Key images",
};

export const enSteps = englishSteps;

export const koSteps: typeof englishSteps = {
  corrected: "판독자가 윤곽 수정",
  stated: "판독자가 소견 수정",
  measured: "측정",
  key_images: "핵심 영상",
};
