import { answerOf } from './render-task.plan.ts';
import type { StartThread } from './renderer.ts';

/**
 * Reads manifests in the caller's own thread, in order: for simulation, where another thread would be chance. Nothing can
 * end a file that costs too much, so never the default.
 */
export const startInlineThread: StartThread = ({ answered }) => {
  let ended = false;
  let last = Promise.resolve();
  return {
    postMessage(question) {
      last = last.then(async () => {
        if (ended) return;
        const answer = await answerOf(question);
        if (!ended) answered(answer);
      });
    },
    async terminate() {
      ended = true;
    },
  };
};
