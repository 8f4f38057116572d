/** Why an image was not read, by the code; the words are those of `study/unread.py`, which a test holds equal. */

import type { UnreadCode } from "../schema";

type Reasons = Record<UnreadCode, string>;

const english: Reasons = {
  not_a_radiograph: "not a CR or DX image; the model reads radiographs only",
  secondary_image: "a secondary image, made from another; the model reads originals only",
  several_frames: "more than one frame; the model reads single radiographs only",
  from_the_side: "the view is lateral or oblique; the model reads frontal views only",
  body_part_unknown: "nothing says which body part it shows; the model reads the abdomen only",
  other_body_part: "{{where}} is {{part}}; the model reads the abdomen only",
  too_old: "the patient is older than {{years}} years; the model reads children only",
  left_out_by_rule: "the rule '{{rule}}' leaves it out",
  another_patient: "another Patient ID than the study's",
  no_radiograph: "the study holds no radiograph",
  unreadable: "the file cannot be read",
  too_small: "the image is only {{rows}} x {{columns}} pixels",
  strip: "the image is a strip of {{rows}} x {{columns}} pixels, not a radiograph of an abdomen",
  blank: "the image is blank: all of it has one value",
  nearly_blank: "the image is blank but for a few pixels",
  looks_chest: "the image looks like a chest, not an abdomen",
  looks_extremity: "the image looks like an arm or a leg, not an abdomen",
  looks_skull: "the image looks like a skull, not an abdomen",
  looks_adult_abdomen: "the image looks like an adult's abdomen; the model reads children's",
  looks_lateral_abdomen: "the image looks like a lateral view; the model reads frontal views",
  looks_inverted: "black and white look exchanged, against what the header says",
  looks_clipped: "the image looks over- or underexposed beyond use",
  looks_upside_down: "the image looks upside down, against what the header says",
  looks_sideways: "the image looks turned by a quarter, against what the header says",
  looks_photograph: "the image looks like a photograph, not a radiograph",
  looks_noise: "the image holds noise and no structure",
  other: "{{detail}}",
};

const korean: Reasons = {
  not_a_radiograph: "CR 또는 DX 영상이 아님; 모델은 단순촬영 영상만 판독함",
  secondary_image: "다른 영상에서 만들어진 이차 영상임; 모델은 원본만 판독함",
  several_frames: "여러 프레임으로 된 영상임; 모델은 단일 영상만 판독함",
  from_the_side: "측면 또는 사위 촬영임; 모델은 정면 영상만 판독함",
  body_part_unknown: "촬영 부위가 기록되지 않음; 모델은 복부 영상만 판독함",
  other_body_part: "{{where}}에 {{part}}(으)로 기록됨; 모델은 복부 영상만 판독함",
  too_old: "환자 나이가 {{years}}세를 넘음; 모델은 소아 영상만 판독함",
  left_out_by_rule: "규칙 '{{rule}}'에 따라 제외됨",
  another_patient: "검사의 환자 ID와 다른 환자 ID가 기록된 영상임",
  no_radiograph: "검사에 단순촬영 영상이 없음",
  unreadable: "파일을 읽을 수 없음",
  too_small: "영상이 {{rows}} x {{columns}} 화소에 불과함",
  strip: "복부 영상이 아닌 {{rows}} x {{columns}} 화소의 띠 모양 영상임",
  blank: "모든 화소값이 같은 빈 영상임",
  nearly_blank: "몇 화소를 제외하면 빈 영상임",
  looks_chest: "복부가 아닌 흉부 영상으로 보임",
  looks_extremity: "복부가 아닌 사지 영상으로 보임",
  looks_skull: "복부가 아닌 두개골 영상으로 보임",
  looks_adult_abdomen: "성인 복부 영상으로 보임; 모델은 소아 영상만 판독함",
  looks_lateral_abdomen: "측면 영상으로 보임; 모델은 정면 영상만 판독함",
  looks_inverted: "헤더와 달리 흑백이 반전된 영상으로 보임",
  looks_clipped: "판독할 수 없을 만큼 과노출 또는 저노출된 영상으로 보임",
  looks_upside_down: "헤더와 달리 위아래가 뒤집힌 영상으로 보임",
  looks_sideways: "헤더와 달리 90도 회전된 영상으로 보임",
  looks_photograph: "방사선 영상이 아닌 사진으로 보임",
  looks_noise: "구조 없이 잡음만 있는 영상으로 보임",
  other: "{{detail}}",
};

/** What a reason may name, in Korean: words of the service's own tables. English has them as they are. */
export const koreanTerms: Readonly<Record<string, string>> = {
  "body part": "촬영 부위",
  "anatomic region": "해부학적 부위",
  "series description": "시리즈 설명",
  protocol: "프로토콜",
  "procedure step": "검사 절차 설명",
  "processing description": "영상 처리 설명",
  "study description": "검사 설명",
  "requested procedure": "의뢰 검사명",
  CHEST: "흉부",
  SPINE: "척추",
  SKULL: "두개골",
  HEAD: "두부",
  NECK: "경부",
  PELVIS: "골반",
  HIP: "고관절",
  EXTREMITY: "사지",
  BREAST: "유방",
  "WHOLE BODY": "전신",
};

export const en = {
  reason: english,
  uncertain: {
    outline: "outline uncertain",
    outlineLong:
      "The model is unsure where the edge runs: check the outline before you rely on it or on its area.",
    title: "{{certainty}}; uncertainty {{value}} (0 %: none)",
  },
  beside: "Left unread: {{reason}}",
};

export const ko: typeof en = {
  reason: korean,
  uncertain: {
    outline: "윤곽 불확실",
    outlineLong: "윤곽의 경계가 불확실합니다. 윤곽이나 면적을 사용하기 전에 확인하십시오.",
    title: "{{certainty}}; 불확실도 {{value}} (0 %: 없음)",
  },
  beside: "판독하지 않은 영상: {{reason}}",
};
