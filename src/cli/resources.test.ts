import { describe, expect, it } from 'vitest';
import { RESOURCES } from '#api';
import { resourceOfWord } from './resources.ts';

describe('src/cli/resources.ts', () => {
  it.each([
    ['po', 'pods'],
    ['Pod', 'pods'],
    ['pods', 'pods'],
    ['deploy', 'deployments'],
    ['deployments.apps', 'deployments'],
    ['svc', 'services'],
    ['app', 'applications'],
    ['ev', 'events'],
  ])('takes %s for %s', (word, plural) => {
    expect(resourceOfWord(word).plural).toBe(plural);
  });

  it('takes the plural and the kind of everything that is served', () => {
    for (const { kind, plural } of RESOURCES) {
      expect(resourceOfWord(plural).plural).toBe(plural);
      expect(resourceOfWord(kind).kind).toBe(kind);
    }
  });

  it.each(['', 'unicorns', '__proto__', 'constructor'])('refuses %j and says what there is', (word) => {
    expect(() => resourceOfWord(word)).toThrow(
      expect.objectContaining({ code: 'CommandFailed', exitCode: 2, hint: expect.stringContaining('deployments') }),
    );
  });
});
