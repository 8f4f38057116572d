/** Words of the threshold that a reader moves. */

const english = {
  control: "Display threshold: {{finding}}",
  label: "Display threshold",
  own: "The model's outline lies at {{value}}.",
  ownNone: "The model drew no outline.",
  reset: "Reset",
  only: "Display only: measurements, segmentation and report stay as they are.",
  map: "What is moved is the network's probability at each pixel, not the probability of the finding.",
  beside: "The outline by {{name}} stays; the dotted line is the model's own map.",
  making: "The model's map is being made",
  retry: "Try again",
  note: "{{finding}}: display threshold {{value}}, not the model's outline",
  noteBeside: "{{finding}}: the model's map at {{value}}, not the outline by {{name}}",
  noteEmpty: "nothing lies above it",
  failed: {
    otherModel:
      "There is no map: the model that made this finding is not the one that reads now, or answers otherwise.",
    unread: "There is no map: the model did not read this radiograph.",
    unreadable: "There is no map: the radiograph cannot be read now.",
    late: "The map is not there yet: the worker is busy or does not run.",
    offline: "There is no map: the service does not answer.",
    other: "There is no map: {{reason}}",
  },
};

export const en = english;

export const ko: typeof english = {
  control: "표시 임계값: {{finding}}",
  label: "표시 임계값",
  own: "모델의 윤곽은 {{value}}입니다.",
  ownNone: "모델이 그린 윤곽이 없습니다.",
  reset: "초기화",
  only: "화면 표시만 바뀝니다. 측정값, 분할, 판독문은 그대로입니다.",
  map: "여기서 바뀌는 것은 소견의 확률이 아니라 화소마다의 신경망 확률에 대한 기준입니다.",
  beside: "{{name}}의 윤곽은 그대로이며, 점선은 모델 자체의 확률 지도입니다.",
  making: "모델의 확률 지도를 만드는 중",
  retry: "다시 시도",
  note: "{{finding}}: 표시 임계값 {{value}}, 모델의 윤곽이 아님",
  noteBeside: "{{finding}}: 모델의 확률 지도 {{value}}, {{name}}의 윤곽이 아님",
  noteEmpty: "그보다 높은 곳이 없음",
  failed: {
    otherModel: "확률 지도가 없습니다. 이 소견을 낸 모델이 지금 판독하는 모델이 아니거나 다르게 답합니다.",
    unread: "확률 지도가 없습니다. 모델이 이 영상을 판독하지 않았습니다.",
    unreadable: "확률 지도가 없습니다. 지금은 영상을 읽을 수 없습니다.",
    late: "확률 지도가 아직 없습니다. 작업 프로세스가 바쁘거나 실행 중이 아닙니다.",
    offline: "확률 지도가 없습니다. 서비스가 응답하지 않습니다.",
    other: "확률 지도가 없습니다: {{reason}}",
  },
};
