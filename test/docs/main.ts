/** Writes docs/api.md and docs/conformance.md; run by `npm run docs`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { METRICS_ROWS, OTHER_VERSION_ROWS, RESOURCE_ROWS, REVIEW_ROWS } from '../../src/server/registry/rows.ts';
import { CATALOGUE } from '../conformance/catalogue.ts';
import { testedCodenames } from '../conformance/titles.ts';
import { apiDocument } from './api-doc.ts';
import { conformanceDocument } from './conformance-doc.ts';

const write = (name: string, text: string) =>
  writeFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), text);

write('api.md', apiDocument(RESOURCE_ROWS, OTHER_VERSION_ROWS, REVIEW_ROWS, METRICS_ROWS));
write('conformance.md', conformanceDocument(CATALOGUE, testedCodenames()));
