/**
 * Runs `work` whenever asked, but never twice at once: asked while it runs, it runs once more after, however often it
 * was asked. A burst of changes costs two reads, and a slow answer is never thrown away for a newer question.
 */
export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let asked = 0;
  let running = false;
  return async () => {
    asked += 1;
    if (running) return;
    running = true;
    try {
      for (let served = 0; served < asked; ) {
        served = asked;
        await work();
      }
    } finally {
      running = false;
    }
  };
}
