export const en = {
  begun: "The language model is asked for better words. What you read is the template's.",
  asked: "The language model has the question. What you read is the template's.",
  again:
    "Its first reply was refused: the language model is asked once more. What you read is the template's.",
  sentences_one: "The language model has written {{count}} sentence; none is shown before all are checked.",
  sentences_other:
    "The language model has written {{count}} sentences; none is shown before all are checked.",
  checking: "Every sentence of the language model is checked against the findings.",
  server: "Server",
  modelHash: "Weights (SHA-256)",
  promptHash: "Prompt (SHA-256)",
  decoding: "Reply held to",
  tries: "Questions asked",
  tokens: "Tokens",
  tokensText: "{{prompt}} read, {{completion}} written",
  tookText: "{{all}} s, the first token after {{first}} s",
};

export type WordingPhrases = typeof en;

export const ko: WordingPhrases = {
  begun: "언어 모델에 더 나은 문장을 요청합니다. 지금 보이는 문장은 템플릿입니다.",
  asked: "언어 모델이 요청을 받았습니다. 지금 보이는 문장은 템플릿입니다.",
  again: "첫 응답이 거부되어 언어 모델에 한 번 더 요청합니다. 지금 보이는 문장은 템플릿입니다.",
  sentences_one: "언어 모델이 {{count}}개 문장을 작성했습니다. 모두 검사하기 전에는 표시하지 않습니다.",
  sentences_other: "언어 모델이 {{count}}개 문장을 작성했습니다. 모두 검사하기 전에는 표시하지 않습니다.",
  checking: "언어 모델의 모든 문장을 소견과 대조해 검사하고 있습니다.",
  server: "서버",
  modelHash: "가중치 (SHA-256)",
  promptHash: "프롬프트 (SHA-256)",
  decoding: "응답 형식",
  tries: "요청 횟수",
  tokens: "토큰",
  tokensText: "입력 {{prompt}}, 출력 {{completion}}",
  tookText: "{{all}}초, 첫 토큰까지 {{first}}초",
};
