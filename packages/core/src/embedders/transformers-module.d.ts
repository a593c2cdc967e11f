/** Loaded on use, and half a gigabyte: it is not installed here, and what is used of it is described in transformers.ts. */
declare module '@huggingface/transformers'
