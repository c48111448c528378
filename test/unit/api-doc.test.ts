import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { METRICS_ROWS, OTHER_VERSION_ROWS, RESOURCE_ROWS, REVIEW_ROWS } from '../../src/server/registry/rows.ts';
import { apiDocument, noteKey } from '../docs/api-doc.ts';
import { API_NOTES } from '../docs/api-notes.ts';

describe('docs/api.md', () => {
  it('is what the registry serves now (npm run docs writes it)', () => {
    const written = readFileSync(fileURLToPath(new URL('../../docs/api.md', import.meta.url)), 'utf8');
    expect(written).toBe(apiDocument(RESOURCE_ROWS, OTHER_VERSION_ROWS, REVIEW_ROWS, METRICS_ROWS));
  });

  it('says of every kind, and of no other, what differs from Kubernetes', () => {
    expect(Object.keys(API_NOTES).sort()).toEqual([...RESOURCE_ROWS, ...METRICS_ROWS].map(noteKey).sort());
  });
});
