/** Handler shapes of the AI SDK, both majors: on Node's `ServerResponse`, and as a `Response`. */

import type { ServerResponse } from 'node:http'
import { createOpenAI as createOpenAI7 } from '@ai-sdk/openai'
import { createOpenAI as createOpenAI6 } from '@ai-sdk/openai-v6'
import type { NodeShape, ShapeTools } from '@llm-cache/core/testing'
import * as ai7 from 'ai'
import * as ai6 from 'ai-v6'

// Both majors share the surface used here.
const MAJORS = {
  6: { ai: ai6 as unknown as typeof ai7, createOpenAI: createOpenAI6 as unknown as typeof createOpenAI7 },
  7: { ai: ai7, createOpenAI: createOpenAI7 },
}

/** A shape that answers with a `Response`, for Hono and for Koa's `Response` bodies. */
export interface WebShape {
  readonly name: string
  readonly streamed: boolean
  readonly asksModel: boolean
  run(tools: ShapeTools): Response | Promise<Response>
}

type Major = keyof typeof MAJORS

function streamOf(major: Major, { modelUrl, prompt }: ShapeTools): ReturnType<typeof ai7.streamText> {
  const { ai, createOpenAI } = MAJORS[major]
  const provider = createOpenAI({ baseURL: `${modelUrl}/v1`, apiKey: 'test' })
  return ai.streamText({ model: provider.chat('gpt-4.1-mini'), prompt, stopSequences: ['.'], maxRetries: 0 })
}

function uiStreamOf(major: Major, tools: ShapeTools): ReadableStream<ai7.UIMessageChunk> {
  const { ai } = MAJORS[major]
  return ai.createUIMessageStream({
    generateId: () => 'message-1',
    execute: ({ writer }) => {
      writer.write({ type: 'data-sources', data: ['docs'] })
      writer.merge(streamOf(major, tools).toUIMessageStream())
    },
  })
}

export const aiNodeShapes: readonly NodeShape[] = ([6, 7] as const).flatMap((major) => {
  const { ai } = MAJORS[major]
  const common = { streamed: true, asksModel: true }
  return [
    {
      ...common,
      name: `AI SDK ${major}: pipeUIMessageStreamToResponse`,
      run: (response: ServerResponse, tools: ShapeTools) => streamOf(major, tools).pipeUIMessageStreamToResponse(response),
    },
    {
      ...common,
      name: `AI SDK ${major}: pipeTextStreamToResponse`,
      run: (response: ServerResponse, tools: ShapeTools) => streamOf(major, tools).pipeTextStreamToResponse(response),
    },
    {
      ...common,
      // Its own data part is written before the model was asked.
      name: `AI SDK ${major}: createUIMessageStream with data of its own`,
      run: (response: ServerResponse, tools: ShapeTools) =>
        ai.pipeUIMessageStreamToResponse({ response, stream: uiStreamOf(major, tools), headers: { 'x-chat': '1' } }),
    },
  ]
})

export const aiWebShapes: readonly WebShape[] = ([6, 7] as const).flatMap((major) => {
  const { ai } = MAJORS[major]
  const common = { streamed: true, asksModel: true }
  return [
    {
      ...common,
      name: `AI SDK ${major}: toUIMessageStreamResponse`,
      run: (tools: ShapeTools) => streamOf(major, tools).toUIMessageStreamResponse(),
    },
    {
      ...common,
      name: `AI SDK ${major}: toTextStreamResponse`,
      run: (tools: ShapeTools) => streamOf(major, tools).toTextStreamResponse(),
    },
    {
      ...common,
      name: `AI SDK ${major}: createUIMessageStreamResponse with data of its own`,
      run: (tools: ShapeTools) => ai.createUIMessageStreamResponse({ stream: uiStreamOf(major, tools), headers: { 'x-chat': '1' } }),
    },
  ]
})
