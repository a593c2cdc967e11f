// What is asked and answered in the benches: chat completions of fixed sizes.

/** A chat completion request of exactly `bytes` bytes; `seed` makes it one of many. */
export function chatRequest(bytes, seed, stream = false) {
  const body = (content) =>
    JSON.stringify({
      model: 'gpt-4o-mini',
      messages: [
        { role: 'system', content: 'You are a helpful assistant. Answer briefly.' },
        { role: 'user', content },
      ],
      temperature: 0.2,
      max_tokens: 512,
      ...(stream ? { stream: true } : {}),
    })
  const prefix = `Question ${seed}: `
  return body(prefix + words(bytes - body(prefix).length))
}

/** A whole answer of about `bytes` bytes. */
export function chatAnswer(bytes) {
  const body = (content) =>
    JSON.stringify({
      id: 'chatcmpl-9sJcT2Vq4mXwKzLp',
      object: 'chat.completion',
      created: 1730000000,
      model: 'gpt-4o-mini-2024-07-18',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 64, completion_tokens: 400, total_tokens: 464 },
    })
  return Buffer.from(body(words(bytes - body('').length)))
}

/** A streamed answer as its event-stream chunks, `count` of them with the end marker. */
export function chatChunks(count) {
  const chunk = (delta, finish) => {
    const data = {
      id: 'chatcmpl-9sJcT2Vq4mXwKzLp',
      object: 'chat.completion.chunk',
      created: 1730000000,
      model: 'gpt-4o-mini-2024-07-18',
      choices: [{ index: 0, delta, finish_reason: finish }],
    }
    return `data: ${JSON.stringify(data)}\n\n`
  }
  const chunks = [chunk({ role: 'assistant', content: '' }, null)]
  for (let at = 0; at < count - 3; at++) chunks.push(chunk({ content: `${WORDS[at % WORDS.length]} ` }, null))
  return [...chunks, chunk({}, 'stop'), 'data: [DONE]\n\n']
}

function words(length) {
  let text = ''
  for (let at = 0; text.length < length; at++) text += `${WORDS[(at * 7) % WORDS.length]} `
  return text.slice(0, length)
}

const WORDS =
  'the of water light is a because when scattered shorter wavelengths reach from every direction answer model therefore sky blue'.split(' ')
