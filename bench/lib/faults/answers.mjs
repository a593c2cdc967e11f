// What is asked and answered in the fault bench. An answer follows from its prompt, byte for byte, so that one that belongs to
// another prompt, or was damaged on its way, is found out.

const MODEL = 'gpt-4o-mini'
const REPEATS = 8
const FILLER = 'Please answer in full sentences, name your sources, and say what you are not sure of. '

/** The text of question `name`, about 200 characters. */
export function promptOf(name) {
  return `Question ${name}: ${FILLER.repeat(2)}`
}

/** The request's body. */
export function requestOf(prompt, stream) {
  const messages = [{ role: 'user', content: prompt }]
  return JSON.stringify({ model: MODEL, messages, ...(stream ? { stream: true } : {}) })
}

/** The prompt in a parsed request body. */
export function promptIn({ messages }) {
  return messages[0].content
}

/** The whole answer to `prompt`, about 2 KB, as an object. */
export function answerOf(prompt) {
  const message = { role: 'assistant', content: Array(REPEATS).fill(`You asked: ${prompt}`).join('\n') }
  return {
    id: 'chatcmpl-faults',
    object: 'chat.completion',
    created: 0,
    model: MODEL,
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  }
}

/** The same answer as the frames of an event stream. */
export function framesOf(prompt) {
  const frame = (delta, finish) => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    return `data: ${JSON.stringify({ id: 'chatcmpl-faults', object: 'chat.completion.chunk', created: 0, model: MODEL, choices })}\n\n`
  }
  const pieces = Array.from({ length: REPEATS }, () => frame({ content: `You asked: ${prompt}\n` }, null))
  return [frame({ role: 'assistant', content: '' }, null), ...pieces, frame({}, 'stop'), 'data: [DONE]\n\n']
}

/** The bytes that must arrive. */
export function expectedOf(prompt, stream) {
  return Buffer.from(stream ? framesOf(prompt).join('') : JSON.stringify(answerOf(prompt)))
}
