export const en = {
  title: "Views",
  none: "No view is kept yet.",
  name: "Name of this view",
  save: "Keep",
  forget: "Forget the view {{name}}",
  filterFirst: "Search or filter first; then this view can be kept under a name.",
  delivery: "Delivery",
  deliveries: { any: "Any delivery", pending: "On its way", sent: "Delivered", failed: "Not delivered" },
  reader: "Reader",
  worked: "not signed, {{when}}",
  reading: "Open now: {{names}}",
  loadingRow: "Loading",
};

export const ko: typeof en = {
  title: "보기",
  none: "저장된 보기가 없습니다.",
  name: "이 보기의 이름",
  save: "저장",
  forget: "{{name}} 보기 삭제",
  filterFirst: "먼저 검색하거나 거르면 그 보기를 이름으로 저장할 수 있습니다.",
  delivery: "전송",
  deliveries: { any: "전송 전체", pending: "전송 중", sent: "전송됨", failed: "전송 실패" },
  reader: "판독자",
  worked: "서명 전, {{when}}",
  reading: "열람 중: {{names}}",
  loadingRow: "불러오는 중",
};
