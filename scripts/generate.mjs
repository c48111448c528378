#!/usr/bin/env node
// Compiles the shapes of the served kinds into validators: src/api/generated/validators.js, by ajv, ahead of time,
// since compiling one while serving would hold up everything else for 200 ms. Does nothing when no input changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import { build, transform } from 'esbuild';
import { ROOT } from './lib/install.mjs';

const FOLDER = path.join(ROOT, 'src/api/generated');
const TYPES = `/** Whether a value has the types of a shape. Made by scripts/generate.mjs. */
export declare const validators: Readonly<Record<string, (value: unknown) => boolean>>;
`;

/** Loads the TypeScript module that knows the schemas. */
async function load(file) {
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

async function compile(roots, schemas) {
  const ajv = new Ajv({
    strict: true,
    allowUnionTypes: true,
    strictTypes: false,
    messages: false,
    inlineRefs: false,
    schemas,
    code: { source: true, esm: true },
  });
  const exported = (name) => `shape_${name.replaceAll('.', '_')}`;
  const code = standalone.default(ajv, Object.fromEntries(roots.map((name) => [exported(name), name])));
  if (code.includes('require(')) throw new Error('the validators must stand alone, but one needs a module');
  const table = roots.map((name) => `  '${name}': ${exported(name)},`).join('\n');
  const whole = `${code.replaceAll('export const ', 'const ')}\nexport const validators = {\n${table}\n};\n`;
  // Half of ajv's output is the schemas themselves, which nothing reads.
  return (await transform(whole, { minify: true, format: 'esm', treeShaking: true, legalComments: 'none' })).code;
}

function write(name, text) {
  mkdirSync(FOLDER, { recursive: true });
  const temporary = path.join(FOLDER, `.${name}.${process.pid}`);
  writeFileSync(temporary, text);
  renameSync(temporary, path.join(FOLDER, name));
}

const { validatorRoots, validatorSchemas } = await load('src/api/schema/generate-validators.ts');
const roots = validatorRoots();
const schemas = validatorSchemas();
const ajvVersion = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/ajv/package.json'), 'utf8')).version;
const digest = createHash('sha256')
  .update(JSON.stringify([roots, schemas, ajvVersion]))
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest('hex');
const header = `// Made by scripts/generate.mjs from the shapes in src/api/schema; ${digest}\n`;
const target = path.join(FOLDER, 'validators.js');
const upToDate =
  existsSync(target) &&
  existsSync(path.join(FOLDER, 'validators.d.ts')) &&
  readFileSync(target, 'utf8').startsWith(header);
if (!upToDate) {
  write('validators.d.ts', TYPES);
  write('validators.js', header + (await compile(roots, schemas)));
}
