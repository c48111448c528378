import { describe, expect, it } from 'vitest';
import { patchLines } from './patch-lines.ts';

describe('src/ui/patch-lines', () => {
  it('leaves out the head and the end, and tells lines apart', () => {
    const patch = [
      'Index: Deployment/demo/web',
      '===================================================================',
      '--- Deployment/demo/web',
      '+++ Deployment/demo/web',
      '@@ -1,3 +1,3 @@',
      ' spec:',
      '-  color: blue',
      '+  color: teal',
      '\\ No newline at end of file',
      '',
    ].join('\n');
    expect(patchLines(patch)).toEqual([
      { kind: 'hunk', text: '@@ -1,3 +1,3 @@' },
      { kind: 'same', text: ' spec:' },
      { kind: 'remove', text: '-  color: blue' },
      { kind: 'add', text: '+  color: teal' },
    ]);
  });

  it('keeps removed and added lines that look like a head', () => {
    expect(
      patchLines('--- a\n+++ b\n@@ -1 +1 @@\n--- document\n+++ plus\n').map(({ kind, text }) => [kind, text]),
    ).toEqual([
      ['hunk', '@@ -1 +1 @@'],
      ['remove', '--- document'],
      ['add', '+++ plus'],
    ]);
  });
});
