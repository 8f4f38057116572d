/** Words of who else has a study open. */

export const en = {
  also: "Also open: {{names}}",
  alsoLong: "Open now by {{names}} as well. You may read on; whoever saves second is asked.",
};

export const ko: typeof en = {
  also: "함께 열람 중: {{names}}",
  alsoLong:
    "지금 {{names}} 님도 이 검사를 열어 두었습니다. 계속 판독할 수 있으며, 나중에 저장하는 사람에게 확인을 요청합니다.",
};
