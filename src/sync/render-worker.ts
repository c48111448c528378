import { parentPort } from 'node:worker_threads';
import type { RenderQuestion } from './render-protocol.types.ts';
import { answerOf } from './render-task.plan.ts';

/** The thread that reads manifests: a task at a time, so that whoever waits knows which one takes too long. */
let last: Promise<unknown> = Promise.resolve();
parentPort?.on('message', (question: RenderQuestion) => {
  last = last.then(async () => parentPort?.postMessage(await answerOf(question)));
});
