/** Writes docs/api.md; run by `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OTHER_VERSION_ROWS, RESOURCE_ROWS, REVIEW_ROWS } from '../../src/server/registry/rows.ts';
import { apiDocument } from './api-doc.ts';

const file = fileURLToPath(new URL('../../docs/api.md', import.meta.url));
writeFileSync(file, apiDocument(RESOURCE_ROWS, OTHER_VERSION_ROWS, REVIEW_ROWS));
