import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from './serve.mjs';

const { COLOR = 'gray', CLOCK_URL, POD_NAME = 'unknown', NODE_NAME = 'unknown', SIGNING_KEY } = process.env;
const MAX_DELAY_MS = 10_000;

const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

async function greeting() {
  try {
    return await readFile('/etc/web/greeting.txt', 'utf8');
  } catch (error) {
    return `no greeting (${error.code})`;
  }
}

async function clock() {
  if (CLOCK_URL === undefined) return 'no clock is configured';
  try {
    const answer = await fetch(CLOCK_URL, { signal: AbortSignal.timeout(2_000) });
    return await answer.text();
  } catch (error) {
    return `the clock does not answer (${error.cause?.code ?? error.name})`;
  }
}

serve(async (url, response) => {
  if (url.pathname === '/slow') {
    await delay(Math.min(MAX_DELAY_MS, Number(url.searchParams.get('ms') ?? 500)));
    return response.end(`${COLOR}\n`);
  }
  if (url.pathname === '/pod') return response.end(`${JSON.stringify({ pod: POD_NAME, node: NODE_NAME, color: COLOR })}\n`);
  if (url.pathname === '/greeting') return response.end(await greeting());
  if (url.pathname !== '/') {
    response.statusCode = 404;
    return response.end('not found\n');
  }
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  return response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Plumbline sample</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:36rem;padding:0 1rem}
h1{border-left:.6rem solid ${escapeHtml(COLOR)};padding-left:1rem}dt{color:#666}dd{margin:0 0 .6rem}</style>
<h1>${escapeHtml((await greeting()).trim())}</h1>
<dl><dt>Pod</dt><dd>${escapeHtml(POD_NAME)}</dd><dt>Node</dt><dd>${escapeHtml(NODE_NAME)}</dd>
<dt>Color</dt><dd>${escapeHtml(COLOR)}</dd><dt>Clock, by cluster DNS</dt><dd>${escapeHtml((await clock()).trim())}</dd>
<dt>Signing key</dt><dd>${SIGNING_KEY === undefined ? 'missing' : 'present'}</dd></dl></html>
`);
});
