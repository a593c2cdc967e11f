/** Names of models, as evidence that a body is meant for one: `{ model: 'T3', input: 'x' }` may as well be an order for a car. */

/** Longest name that is looked at, in characters. */
const NAME_LIMIT = 200

/** Prefixes such as `openai/`, `us.anthropic.`, `accounts/fireworks/models/`, `ft:`. */
const VENDOR = '^@?(?:[a-z0-9_-]+[./])*(?:ft:)?'
const FAMILIES = [
  'gpt|chatgpt|codex|(?:text-)?davinci-00\\d|babbage-00\\d|text-embedding',
  'claude|gemini|gemma|llama|codellama|mistral|mixtral|ministral|codestral|magistral|devstral|pixtral',
  'qwen|qwq|deepseek|phi|grok|kimi|glm|command-[ar]|olmo|nemotron',
].join('|')
const KNOWN = new RegExp(`${VENDOR}(?:(?:${FAMILIES})(?=[-_.:\\d/]|$)|meta-llama(?=-))`, 'i')
/** The reasoning models, whose short names want exactness: `o3`, `o4-mini`. */
const O_SERIES = /^(?:openai\/)?(?:ft:)?o[134](?:-[a-z0-9-]+)?$/
const OPENAI = /^(?:openai\/|azure\/)?(?:ft:)?(?:gpt-(?!oss)|chatgpt-)/
const ANTHROPIC = /^(?:[a-z0-9_-]+[./])*claude[-.:@\d]/
const EMBEDDING = /embed|(?:^|[/_-])(?:bge|gte|e5|voyage|minilm)(?:[-_.]|$)/i
/** Models whose output is no text, or that merely judge one. */
const NOT_TEXT = /(?:^|[-_/])(?:image|dall-e|tts|whisper|transcribe|realtime|audio|moderation|sora|veo|imagen)(?:[-_.]|\d|$)/i
/** Families that are only reached at their makers', never through a local runner. */
const HOSTED = /^(?:gpt-(?!oss)|chatgpt-|o[134](?:-|$)|claude|gemini)/

/** True for a name of a known family of text models. */
export function isKnownModel(name: string): boolean {
  return name.length <= NAME_LIMIT && (KNOWN.test(name) || O_SERIES.test(name)) && !NOT_TEXT.test(name)
}

/** True for OpenAI's own models, for which OpenAI's documented defaults hold; other servers have their own. */
export function isOpenAiModel(name: string): boolean {
  return name.length <= NAME_LIMIT && (OPENAI.test(name) || O_SERIES.test(name))
}

export function isAnthropicModel(name: string): boolean {
  return name.length <= NAME_LIMIT && ANTHROPIC.test(name)
}

export function isEmbeddingModel(name: string): boolean {
  return name.length <= NAME_LIMIT && EMBEDDING.test(name)
}

export function isHostedModel(name: string): boolean {
  return HOSTED.test(name)
}
