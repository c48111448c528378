// Copies what the compiler does not: generated JavaScript and other non-TypeScript files of src into the output folder given.
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './lib/install.mjs';

const generated = path.join(ROOT, 'src/api/generated');
if (existsSync(generated)) {
  cpSync(generated, path.join(process.argv[2] ?? path.join(ROOT, 'dist'), 'api/generated'), {
    recursive: true,
    filter: (source) => !source.endsWith('.ts'),
  });
}
