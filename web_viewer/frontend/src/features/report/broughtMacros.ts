/** The macros that the viewer brings with it, in the language of the report. */

import type { Language } from "../../lib/i18n";
import type { Macro } from "./macros";

export const BROUGHT: Readonly<Record<Language, readonly Macro[]>> = {
  en: [
    { name: "gas", text: "The bowel gas pattern is nonspecific." },
    { name: "free", text: "No free intraperitoneal gas is seen on this view." },
    { name: "bones", text: "No acute abnormality of the visualised bones." },
    { name: "bases", text: "The visualised lung bases are clear." },
    { name: "tube", text: "The tip of the nasogastric tube projects over the ___." },
    { name: "comp", text: "Compared with the study of ___: ___." },
    { name: "limit", text: "The assessment is limited by ___." },
    { name: "decub", text: "A left lateral decubitus view is recommended to look for free gas." },
    { name: "us", text: "Ultrasound is recommended if there is clinical concern." },
    { name: "corr", text: "Clinical correlation is recommended." },
    { name: "call", text: "Told ___ by phone at ___." },
  ],
  ko: [
    { name: "gas", text: "장내 가스 분포는 비특이적임." },
    { name: "free", text: "이 영상에서 복강 내 유리 가스는 보이지 않음." },
    { name: "bones", text: "촬영 범위의 골격에 급성 이상 소견 없음." },
    { name: "bases", text: "촬영 범위의 양측 폐 기저부는 깨끗함." },
    { name: "tube", text: "비위관 끝은 ___에 위치함." },
    { name: "comp", text: "___ 검사와 비교하여 ___." },
    { name: "limit", text: "___ 때문에 평가에 제한이 있음." },
    { name: "decub", text: "유리 가스 확인을 위해 좌측와위 촬영을 권장함." },
    { name: "us", text: "임상적으로 의심되면 초음파 검사를 권장함." },
    { name: "corr", text: "임상 소견과의 연관이 필요함." },
    { name: "call", text: "___에게 ___에 전화로 알림." },
  ],
};
