/** Words of the image side of the viewer. */

const english = {
  region: "Window by region",
  flippedBeside: "flipped",
};

export const en = english;

export const ko: typeof english = {
  region: "영역으로 창 설정",
  flippedBeside: "좌우 반전됨",
};

const englishHelp = {
  region: "Window by region: drag a rectangle",
  magnify: "Magnify while held",
};

export const enHelp = englishHelp;

export const koHelp: typeof englishHelp = {
  region: "영역으로 창 설정: 사각형을 그립니다",
  magnify: "누르는 동안 확대경",
};
