import { parentPort } from 'node:worker_threads';
import { resourceOfKind } from '#api';
import { prepareFile } from '#render';
import type { RenderAnswer, RenderQuestion } from './render-protocol.types.ts';

/** The thread that reads manifests: a file at a time, so that whoever waits knows which one takes too long. */
parentPort?.on('message', ({ id, bytes, defaultNamespace }: RenderQuestion) => {
  const text = decode(bytes);
  const prepared =
    text === undefined
      ? {
          objects: [],
          pending: [],
          refusedIds: [],
          diagnostics: [
            { severity: 'error', code: 'InvalidManifest', message: 'the file is not UTF-8 text', line: 0 } as const,
          ],
          failed: true,
        }
      : prepareFile(text, { defaultNamespace, resourceOf: resourceOfKind });
  const answer: RenderAnswer = { id, prepared };
  parentPort?.postMessage(answer);
});

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
