/** The HTTPS API in a process of its own; see api-server-process.ts. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { startApiServer } from './api-server.ts';
import type { ApiServerFacts, ApiServerHealth } from './api-server-process.ts';

const BESIDE = `
  const { parentPort } = require('node:worker_threads');
  const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const took = [];
  setInterval(() => {
    const begin = performance.now();
    for (let n = 0, x = 0; n < 1_000_000; n += 1) x = (x * 31 + n) | 0;
    took.push(performance.now() - begin);
  }, 25);
  parentPort.on('message', () => {
    took.sort((a, b) => a - b);
    const slowness = (took[Math.floor(took.length * 0.9)] ?? 1) / (took[0] ?? 1);
    parentPort.postMessage({ lateP99Ms: delay.percentile(99) / 1e6, slowness });
    delay.reset();
  });
`;

const server = await startApiServer();
const token = await server.tokens.issue({ name: 'admin', groups: ['system:masters'] });
const beside = new Worker(BESIDE, { eval: true });
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

process.on('message', async (message) => {
  if (message === 'close') {
    await beside.terminate();
    await server.close();
    process.exit(0);
  }
  const machine = await new Promise<ApiServerHealth['machine']>((resolve) => {
    beside.once('message', resolve);
    beside.postMessage('');
  });
  const inherited: string[] = [];
  for (const key in {}) inherited.push(key);
  const delayP99Ms = delay.percentile(99) / 1e6;
  delay.reset();
  const health: ApiServerHealth = { delayP99Ms, machine, residentBytes: process.memoryUsage.rss(), inherited };
  process.send?.(health);
});
const facts: ApiServerFacts = { url: server.url, ca: server.ca, token };
process.send?.(facts);
