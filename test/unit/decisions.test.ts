import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const CONTROLLERS = path.resolve(import.meta.dirname, '../../src/controllers');

/** A test that goes by a table, and one that holds for whatever comes. */
const KINDS = { table: /\b(it|describe)\.each\b/, property: /\bfc\.(asyncP|p)roperty\b/ } as const;

type Sources = Readonly<Record<string, string>>;

/** The files under `src/controllers` whose names end so, by their paths from there. */
const read = (ending: string): Sources =>
  Object.fromEntries(
    readdirSync(CONTROLLERS, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending))
      .map((file) => [file, readFileSync(path.join(CONTROLLERS, file), 'utf8')]),
  );

/** The names that a module imports as values from a file beside it or near it. */
function importedFrom(test: string, source: string, file: string): ReadonlySet<string> {
  const names = [...source.matchAll(/^import \{([^}]*)\} from '(\.[^']*)';/gm)]
    .filter(([, , from = '']) => path.join(path.dirname(test), from) === file)
    .flatMap(([, list = '']) => list.split(','));
  return new Set(names.map((name) => name.trim()));
}

/** The decisions of the plans that no table, or no property, of a test that imports them is about. */
function untried(plans: Sources, tests: Sources): readonly string[] {
  const lacking: string[] = [];
  for (const [file, text] of Object.entries(plans)) {
    for (const [, name = ''] of text.matchAll(/^export function (plan[A-Z]\w*)/gm)) {
      const about = Object.entries(tests).filter(([test, source]) => importedFrom(test, source, file).has(name));
      for (const [kind, pattern] of Object.entries(KINDS)) {
        if (!about.some(([, source]) => pattern.test(source))) lacking.push(`${name} of ${file} has no ${kind}`);
      }
    }
  }
  return lacking;
}

describe('src/controllers, every decision', () => {
  const plans = read('.plan.ts');
  const tests = read('.test.ts');

  it('is tried by a table of cases and by a property', () => {
    expect(Object.keys(plans).length).toBeGreaterThan(40);
    expect(untried(plans, tests)).toEqual([]);
  });

  it('belongs to each controller that has a plan', () => {
    const folders = new Set(Object.keys(plans).map((file) => path.dirname(file)));
    const tried = new Set(
      Object.entries(tests)
        .filter(([, source]) => KINDS.property.test(source))
        .map(([file]) => path.dirname(file)),
    );
    expect([...folders].filter((folder) => !tried.has(folder))).toEqual([]);
  });

  it('is missed where a test does not import it, has no table or has no property', () => {
    const plan = { 'a/a.plan.ts': 'export function planA() {}\n' };
    const test = (...lines: readonly string[]) => untried(plan, { 'a/a.test.ts': lines.join('\n') });
    const imports = "import { planA } from './a.plan.ts';";
    const lacks = (...kinds: readonly string[]) => kinds.map((kind) => `planA of a/a.plan.ts has no ${kind}`);
    expect(test(imports, 'it.each([])', 'fc.property()')).toEqual([]);
    expect(test(imports, 'it.each([])')).toEqual(lacks('property'));
    expect(test(imports, 'fc.asyncProperty()')).toEqual(lacks('table'));
    expect(test("import type { planA } from './a.plan.ts';", 'it.each([])', 'fc.property()')).toEqual(
      lacks('table', 'property'),
    );
    expect(test("import { planA } from './b.plan.ts';", 'it.each([])', 'fc.property()')).toEqual(
      lacks('table', 'property'),
    );
  });
});
