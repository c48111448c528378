import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';

const probe = path.join(import.meta.dirname, 'accessibility-probe.js');

/** What is wrong with a page for people with other eyes, other hands or a small screen; empty when nothing is. */
export async function inaccessible(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(await readFile(probe, 'utf8'));
}
