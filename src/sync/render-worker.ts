import { parentPort } from 'node:worker_threads';
import type { RenderQuestion } from './render-protocol.types.ts';
import { answerOf } from './render-task.plan.ts';

/** The thread that reads manifests: a task at a time, so that whoever waits knows which one takes too long. */
parentPort?.on('message', (question: RenderQuestion) => parentPort?.postMessage(answerOf(question)));
