/** Why a step of a study failed, and what to do next, by the code of `study/failure_code.py`. */

import type { FailureCode } from "../schema";

type Sentences = Record<FailureCode, string>;

type Words = { said: Sentences; next: Sentences };

export const en: Words = {
  said: {
    none_readable:
      "None of the radiographs can be read (files: {{files}}): damaged, incomplete or of an unsupported kind",
    unreadable: "A file of the study cannot be read",
    missing: "A file that this step needs is not in the archive",
    conflict: "The archive holds two different files under the same UID",
    archive: "The archive could not be read or written",
    archive_full: "The archive's disk is full",
    backlog: "Too many jobs were waiting",
    moved_on: "The study changed while this step was running",
    redis: "The job queue did not answer",
    model: "The model is missing, damaged or could not be used",
    not_segmented: "The model has read no radiograph of this study, so there is nothing to report on",
    destination: "A destination does not answer or could not take what was sent",
    refused: "A destination refused what was sent",
    wording: "The language model gave no usable wording",
    llm: "The language model did not answer",
    settings: "A setting of the service is missing or wrong",
    memory: "The service ran out of memory",
    unexpected: "An unexpected error occurred ({{error}})",
    other: "{{detail}}",
  },
  next: {
    none_readable: "Have the study sent again from the PACS or the modality.",
    unreadable: "Have the study sent again from the PACS or the modality.",
    missing: "Have the study sent again from the PACS, then try it again.",
    conflict: "Tell IT: the sender may be using a UID twice.",
    archive: "Try it again; if it fails again, ask IT to check the archive's disk.",
    archive_full: "Ask IT to free disk space, then try it again.",
    backlog: "Try it again later.",
    moved_on: "Try it again.",
    redis: "Try it again in a minute; if it fails again, ask IT to check Redis.",
    model: "Ask IT to check the model files, then try it again.",
    not_segmented: "Try it again from the start.",
    destination: "Ask IT to check the destinations; the results stay here until then.",
    refused: "Ask IT to check what the destination accepts.",
    wording: "Try it again; if it fails again, write the report yourself.",
    llm: "Try it again in a few minutes; if it fails again, ask IT to check the language model.",
    settings: "Ask IT to check the settings, then try it again.",
    memory: "Try it again; if it fails again, ask IT to give the worker more memory.",
    unexpected: "Try it again; if it fails again, ask IT to look at the worker's log.",
    other: "Try it again; if it fails again, tell IT.",
  },
};

export const ko: Words = {
  said: {
    none_readable:
      "읽을 수 있는 영상이 없음(파일 {{files}}개): 손상되었거나 불완전하거나 지원하지 않는 형식임",
    unreadable: "검사의 파일을 읽을 수 없음",
    missing: "이 단계에 필요한 파일이 아카이브에 없음",
    conflict: "아카이브에 같은 UID의 서로 다른 파일이 있음",
    archive: "아카이브를 읽거나 쓸 수 없음",
    archive_full: "아카이브 디스크에 남은 공간이 없음",
    backlog: "대기 중인 작업이 너무 많음",
    moved_on: "처리하는 동안 검사가 변경됨",
    redis: "작업 대기열이 응답하지 않음",
    model: "모델이 없거나 손상되어 사용할 수 없음",
    not_segmented: "모델이 판독한 영상이 없어 보고할 내용이 없음",
    destination: "전송 대상이 응답하지 않거나 받지 못함",
    refused: "전송 대상이 수신을 거부함",
    wording: "언어 모델이 사용할 수 있는 문장을 제시하지 못함",
    llm: "언어 모델이 응답하지 않음",
    settings: "서비스 설정이 없거나 잘못됨",
    memory: "서비스의 메모리가 부족함",
    unexpected: "예기치 않은 오류가 발생함({{error}})",
    other: "{{detail}}",
  },
  next: {
    none_readable: "PACS나 촬영 장비에서 검사를 다시 전송하십시오.",
    unreadable: "PACS나 촬영 장비에서 검사를 다시 전송하십시오.",
    missing: "PACS에서 검사를 다시 전송한 뒤 다시 시도하십시오.",
    conflict: "전산 담당자에게 알리십시오. 송신 장비가 같은 UID를 두 번 사용했을 수 있습니다.",
    archive: "다시 시도하십시오. 또 실패하면 전산 담당자에게 아카이브 디스크 점검을 요청하십시오.",
    archive_full: "전산 담당자에게 디스크 공간 확보를 요청한 뒤 다시 시도하십시오.",
    backlog: "나중에 다시 시도하십시오.",
    moved_on: "다시 시도하십시오.",
    redis: "잠시 후 다시 시도하십시오. 또 실패하면 전산 담당자에게 Redis 점검을 요청하십시오.",
    model: "전산 담당자에게 모델 파일 점검을 요청한 뒤 다시 시도하십시오.",
    not_segmented: "처음부터 다시 시도하십시오.",
    destination: "전산 담당자에게 전송 대상 점검을 요청하십시오. 결과는 그때까지 여기에 보관됩니다.",
    refused: "전산 담당자에게 전송 대상이 받는 형식을 확인하도록 요청하십시오.",
    wording: "다시 시도하십시오. 또 실패하면 판독문을 직접 작성하십시오.",
    llm: "몇 분 후 다시 시도하십시오. 또 실패하면 전산 담당자에게 언어 모델 점검을 요청하십시오.",
    settings: "전산 담당자에게 설정 점검을 요청한 뒤 다시 시도하십시오.",
    memory: "다시 시도하십시오. 또 실패하면 전산 담당자에게 메모리 증설을 요청하십시오.",
    unexpected: "다시 시도하십시오. 또 실패하면 전산 담당자에게 작업 프로세스 로그 확인을 요청하십시오.",
    other: "다시 시도하십시오. 또 실패하면 전산 담당자에게 알리십시오.",
  },
};
