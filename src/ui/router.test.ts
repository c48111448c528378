import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { links, parseRoute, titleOf } from './router.ts';

const part = fc.string({ minLength: 1, unit: 'grapheme' });

describe('src/ui/router', () => {
  it.each([
    ['', 'overview'],
    ['#', 'overview'],
    ['#/', 'overview'],
    ['#/nodes', 'nodes'],
    ['#/applications', 'nowhere'],
    ['#/applications/argocd', 'nowhere'],
    ['#/applications/argocd/', 'nowhere'],
    ['#/runs/argocd', 'nowhere'],
    ['#/diff/argocd/one', 'nowhere'],
    ['#/elsewhere', 'nowhere'],
    ['#/%E0%A4%A', 'nowhere'],
    ['#/applications/%/x', 'nowhere'],
  ])('%j shows %s', (hash, screen) => expect(parseRoute(hash).screen).toBe(screen));

  it('finds its own links again, whatever the names', () => {
    fc.assert(
      fc.property(part, part, part, (namespace, a, b) => {
        expect(parseRoute(links.application(namespace, a))).toEqual({ screen: 'application', namespace, name: a });
        expect(parseRoute(links.run(namespace, a))).toEqual({ screen: 'run', namespace, run: a });
        expect(parseRoute(links.diff(namespace, a, b))).toEqual({ screen: 'diff', namespace, from: a, to: b });
      }),
    );
    expect(parseRoute(links.overview)).toEqual({ screen: 'overview' });
    expect(parseRoute(links.nodes)).toEqual({ screen: 'nodes' });
  });

  it('never throws on what a person types', () => {
    fc.assert(fc.property(fc.string(), (hash) => void parseRoute(`#${hash}`)));
  });

  it('names the browser tab after the Application', () => {
    expect(titleOf(parseRoute('#/applications/argocd/web'))).toBe('web · Plumbline');
    expect(titleOf(parseRoute('#/'))).toBe('Plumbline');
  });
});
