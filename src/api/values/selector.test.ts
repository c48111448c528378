import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isApiError } from '../meta/status.ts';
import {
  formatSelectorObject,
  hasLabels,
  isQualifiedName,
  MAX_SELECTOR_LENGTH,
  parseLabelSelector,
  selectorFromObject,
} from './selector.ts';

const labels = { app: 'web', tier: 'front', empty: '', n: '5', 'x.io/y': 'z' };

describe('src/api/values/selector.ts', () => {
  it.each([
    ['', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=api', false],
    ['app!=api', true],
    ['app!=web', false],
    ['missing!=web', true],
    ['app in (web,api)', true],
    ['app in (api)', false],
    ['app in(web)', true],
    ['app notin (api)', true],
    ['missing notin (api)', true],
    ['missing in (api)', false],
    ['app', true],
    ['missing', false],
    ['!missing', true],
    ['! app', false],
    ['empty=', true],
    ['empty in (,a)', true],
    ['n>4', true],
    ['n > 5', false],
    ['n<6', true],
    ['app>4', false],
    ['x.io/y=z', true],
    ['app=web,tier=front,!missing', true],
    ['app=web,tier=back', false],
    ['in=x', false],
    ['!notin', true],
  ])('%j chooses: %j', (text, chosen) => {
    expect(parseLabelSelector(text).matches(labels)).toBe(chosen);
  });

  it.each([
    '=web',
    'a=b,',
    ',a',
    'a=b=c',
    '!a=b',
    'a in',
    'a in ()',
    'a in (b',
    'a in b',
    'a b',
    'a>x',
    '!',
    '-a=b',
    'a=-',
  ])('refuses %j', (text) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('refuses an endless selector before reading it', () => {
    expect(() => parseLabelSelector('a,'.repeat(MAX_SELECTOR_LENGTH))).toThrow(/longer than/);
  });

  it('prints a selector that reads back as the same', () => {
    const text = parseLabelSelector('tier in (b,a),app=web,!old,n>3,x!=y').toString();
    expect(text).toBe('app=web,n>3,!old,tier in (a,b),x!=y');
    expect(parseLabelSelector(text).toString()).toBe(text);
  });

  it('matches nothing without a selector and everything with an empty one', () => {
    expect(selectorFromObject(undefined).matches(labels)).toBe(false);
    expect(selectorFromObject(null).matches({})).toBe(false);
    expect(selectorFromObject({}).matches(undefined)).toBe(true);
  });

  it.each([
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
  ])('reads %j', (selector, chosen) => {
    expect(selectorFromObject(selector).matches(labels)).toBe(chosen);
  });

  it('refuses an unknown operator', () => {
    expect(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow(/operator/);
  });

  it('shows selectors as kubectl does', () => {
    expect(formatSelectorObject({ matchLabels: { b: '2', a: '1' } })).toBe('a=1,b=2');
    expect(formatSelectorObject(undefined)).toBe('<none>');
  });

  it('takes keys of the prototype for labels like any other', () => {
    expect(parseLabelSelector('toString').matches({})).toBe(false);
    expect(parseLabelSelector('!constructor').matches({})).toBe(true);
    expect(hasLabels({}, { constructor: 'x' })).toBe(false);
  });

  it('knows qualified names', () => {
    expect(['a', 'a/b', 'a.b/c-d', 'A_b.c'].every(isQualifiedName)).toBe(true);
    expect(['', '/a', 'a/', 'a/b/c', 'A.b/c', 'a..b/c', `${'a'.repeat(64)}`, 'ä'].some(isQualifiedName)).toBe(false);
  });

  it('answers or refuses, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab1 =!<>(),.-/', 'in', 'notin') });
    fc.assert(
      fc.property(text, (selector) => {
        try {
          parseLabelSelector(selector).matches(labels);
        } catch (error) {
          expect(isApiError(error, 'BadRequest')).toBe(true);
        }
      }),
    );
  });
});
