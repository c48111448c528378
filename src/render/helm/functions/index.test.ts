import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, type GoMap, RenderError, Templates } from '../../template/index.ts';
import { helmFunctions } from './index.ts';

const FUNCTIONS = helmFunctions({ seed: 'seed', nowMs: 0 });
const DOC = readFileSync(fileURLToPath(new URL('../../../../docs/helm.md', import.meta.url)), 'utf8');

const ARGUMENTS = [
  ...[
    '"a"',
    '""',
    '"a,b"',
    '"-1"',
    '"1.5"',
    '"["',
    '"2006-01-02"',
    '"a: [1]"',
    '"{{ . }}"',
    '0',
    '1',
    '-1',
    '3',
    '1.5',
    '1e300',
    'true',
    'nil',
  ],
  ...[
    '.',
    '.list',
    '.map',
    '.none',
    '.text',
    '(list 1 "a" nil)',
    '(dict "a" 1)',
    '(list)',
    '(dict)',
    '(now)',
    '(int64 5)',
  ],
];

describe('src/render/helm/functions/index.ts', () => {
  it('is what docs/helm.md lists', () => {
    const listed = DOC.slice(DOC.indexOf('<!-- functions -->'))
      .split('\n')
      .slice(1)
      .join(' ')
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    expect(listed).toEqual([...FUNCTIONS.keys()].sort());
  });

  it('answers or throws a RenderError, whatever a function is given', () => {
    const call = fc.tuple(
      fc.constantFrom(...FUNCTIONS.keys()),
      fc.array(fc.constantFrom(...ARGUMENTS), { maxLength: 4 }),
      fc.option(fc.constantFrom('toYaml', 'toJson', 'quote', 'len', 'b64enc', 'join ","'), { nil: undefined }),
    );
    const data = fromJson({ list: ['b', 'a'], map: { x: { y: 1 } }, none: null, text: 'some text' }) as GoMap;
    fc.assert(
      fc.property(call, ([name, args, then]) => {
        const templates = new Templates(FUNCTIONS, { limits: { steps: 100_000, depth: 10, bytes: 1_000_000 } });
        const source = `{{ ${name} ${args.join(' ')}${then === undefined ? '' : ` | ${then}`} }}`;
        try {
          templates.add(source, { name: 'x', path: 'x' });
          templates.render('x', data);
        } catch (error) {
          if (!(error instanceof RenderError)) throw new Error(source, { cause: error });
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
