/** A rich request of every provider that has prompts, with the place of its prompt. */

export interface SemanticSample {
  readonly provider: string
  readonly url: string
  readonly body: Record<string, unknown>
  readonly at: readonly (string | number)[]
}

const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } }
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } } }
const turns = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'What is a cat?' },
  { role: 'assistant', content: 'An animal.' },
]

export const PROMPT = 'How old does a "cat" get?\n'

export const SAMPLES: readonly SemanticSample[] = [
  {
    provider: 'openai-chat',
    url: '/v1/chat/completions',
    body: {
      model: 'gpt-4o',
      messages: [...turns, { role: 'user', name: 'ann', content: PROMPT }],
      temperature: 0.25,
      max_tokens: 120,
      n: 2,
      stream: true,
      stop: ['\n\n'],
      tools: [tool],
      tool_choice: 'auto',
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: {} } },
      user: 'u1',
      metadata: { route: 'a' },
    },
    at: ['messages', 3, 'content'],
  },
  {
    provider: 'openai-chat',
    url: '/chat',
    body: { model: 'gpt-4o', messages: [...turns, { role: 'user', content: [image, { type: 'text', text: PROMPT, x: 1 }, image] }] },
    at: ['messages', 3, 'content', 1, 'text'],
  },
  {
    provider: 'openai-responses',
    url: '/v1/responses',
    body: { model: 'gpt-5', instructions: 'Be brief.', input: PROMPT, previous_response_id: 'resp_1', reasoning: { effort: 'low' } },
    at: ['input'],
  },
  {
    provider: 'openai-responses',
    url: '/v1/responses',
    body: {
      model: 'gpt-5',
      input: [
        ...turns,
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_file', file_id: 'file_1' },
            { type: 'input_text', text: PROMPT },
          ],
        },
      ],
      text: { format: { type: 'text' } },
    },
    at: ['input', 3, 'content', 1, 'text'],
  },
  {
    provider: 'openai-completions',
    url: '/v1/completions',
    body: { model: 'gpt-3.5-turbo-instruct', prompt: PROMPT, max_tokens: 10, logit_bias: { 1: 5 }, suffix: '', echo: false },
    at: ['prompt'],
  },
  { provider: 'openai-completions', url: '/v1/completions', body: { model: 'm', prompt: [PROMPT], best_of: 1 }, at: ['prompt', 0] },
  {
    provider: 'anthropic-messages',
    url: '/v1/messages',
    body: {
      model: 'claude-sonnet-4-5',
      max_tokens: 100,
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        ...turns.slice(1),
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'text', text: PROMPT, cache_control: { type: 'ephemeral' } },
          ],
        },
      ],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    },
    at: ['messages', 2, 'content', 1, 'text'],
  },
  {
    provider: 'anthropic-messages',
    url: '/invoke',
    body: { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: [{ role: 'user', content: PROMPT }] },
    at: ['messages', 0, 'content'],
  },
  {
    provider: 'gemini',
    url: '/v1beta/models/gemini-2.5-flash:generateContent?key=k',
    body: {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'What is a cat?' }] },
        { role: 'model', parts: [{ text: 'An animal.' }] },
        { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }, { text: PROMPT }] },
      ],
      generationConfig: { temperature: 0.5, candidateCount: 1, maxOutputTokens: 40 },
      safetySettings: [{ category: 'HARM', threshold: 'NONE' }],
    },
    at: ['contents', 2, 'parts', 1, 'text'],
  },
  {
    provider: 'ollama-chat',
    url: '/api/chat',
    body: { model: 'llama3.2', messages: [...turns, { role: 'user', content: PROMPT, images: ['AAAA'] }], options: { temperature: 0 } },
    at: ['messages', 3, 'content'],
  },
  {
    provider: 'ollama-generate',
    url: '/api/generate',
    body: { model: 'llama3.2', prompt: PROMPT, system: 'Be brief.', context: [1, 2], keep_alive: '5m' },
    at: ['prompt'],
  },
  {
    provider: 'ai-sdk-ui',
    url: '/api/chat',
    body: {
      id: 'chat-1',
      trigger: 'submit-message',
      messages: [
        { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'What is a cat?' }] },
        { id: 'm2', role: 'assistant', parts: [{ type: 'step-start' }, { type: 'text', text: 'An animal.', state: 'done' }] },
        {
          id: 'm3',
          role: 'user',
          metadata: { a: 1 },
          parts: [
            { type: 'text', text: PROMPT },
            { type: 'file', url: 'data:,', mediaType: 'image/png' },
          ],
        },
      ],
    },
    at: ['messages', 2, 'parts', 0, 'text'],
  },
  ...(['prompt', 'input', 'question', 'query', 'message'] as const).map((field) => ({
    provider: 'generic',
    url: '/ask',
    body: { [field]: PROMPT, locale: 'en', options: { k: [1, 2] }, history: [{ role: 'user', content: 'x' }] },
    at: [field],
  })),
  {
    provider: 'generic',
    url: '/ask',
    body: { id: 'chat-1', message: { id: 'm', role: 'user', parts: [{ type: 'text', text: PROMPT }] } },
    at: ['message', 'parts', 0, 'text'],
  },
  { provider: 'generic', url: '/ask', body: { message: { content: PROMPT, locale: 'en' }, k: [1] }, at: ['message', 'content'] },
  { provider: 'generic', url: '/ask', body: { messages: [...turns, { role: 'user', content: PROMPT }] }, at: ['messages', 3, 'content'] },
]
