import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '#api';
import type { Attributes } from '../authorization.types.ts';
import { compact, describeRule, ruleAllows, uncovered } from './rule.plan.ts';

/** `get,list apps/deployments,deployments/scale names=a`, or `get /path,/other`. */
function rule(text: string): PolicyRule {
  const [verbs = '', what = '', names] = text.split(' ');
  if (what.startsWith('/')) return { nonResourceURLs: what.split(','), verbs: verbs.split(',') };
  const slash = what.indexOf('/');
  return {
    apiGroups: [what.slice(0, slash).replace('core', '')],
    resources: what.slice(slash + 1).split(','),
    verbs: verbs.split(','),
    ...(names === undefined ? {} : { resourceNames: names.slice('names='.length).split(',') }),
  };
}

/** `get core/pods/log name`, or `get /path`. */
function asked(text: string): Attributes {
  const [verb = '', what = '', name] = text.split(' ');
  if (what.startsWith('/')) return { verb, path: what };
  const [group = '', resource = '', subresource] = what.split('/');
  return {
    verb,
    group: group.replace('core', ''),
    resource,
    namespace: 'n',
    ...(subresource === undefined ? {} : { subresource }),
    ...(name === undefined ? {} : { name }),
  };
}

describe('src/server/auth/rbac/rule.plan.ts', () => {
  it.each<[rule: string, asked: string, allowed: boolean]>([
    ['get core/pods', 'get core/pods x', true],
    ['get core/pods', 'list core/pods', false],
    ['* core/pods', 'anything core/pods', true],
    ['get core/pods', 'get apps/pods x', false],
    ['get */pods', 'get apps/pods x', true],
    ['get core/*', 'get core/secrets x', true],
    ['get core/pods', 'get core/pods/log x', false],
    ['get core/pods/log', 'get core/pods/log x', true],
    ['get core/pods/log', 'get core/pods x', false],
    ['get core/*/log', 'get core/pods/log x', true],
    ['get core/*/log', 'get core/pods/status x', false],
    ['get core/*', 'get core/pods/log x', true],
    ['get core/pods names=a,b', 'get core/pods b', true],
    ['get core/pods names=a,b', 'get core/pods c', false],
    ['list core/pods names=a', 'list core/pods', false],
    ['create core/pods names=a', 'create core/pods', false],
    ['get /healthz', 'get /healthz', true],
    ['get /healthz', 'get /healthz/etcd', false],
    ['get /healthz/*', 'get /healthz/etcd', true],
    ['get /healthz/*', 'get /healthz', false],
    ['* /*', 'post /x', true],
    ['get /pods', 'get core/pods x', false],
    ['* */*', 'get /healthz', false],
  ])('%s answers %s with %s', (given, question, allowed) => {
    expect(ruleAllows(rule(given), asked(question))).toBe(allowed);
  });

  it.each<[owned: string[], given: string, missing: string[]]>([
    [['get,list core/pods'], 'get core/pods', []],
    [['get core/pods'], 'get,list core/pods', ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}']],
    [['get core/pods', 'list core/pods'], 'get,list core/pods', []],
    [['* */*'], '* core/pods/exec', []],
    [['get core/*'], 'get core/pods/log', []],
    [['get core/*/log'], 'get core/pods/log', []],
    [['get core/pods'], 'get core/*', ['{APIGroups:[""], Resources:["*"], Verbs:["get"]}']],
    [['get core/pods names=a'], 'get core/pods names=a', []],
    [['get core/pods names=a'], 'get core/pods', ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}']],
    [
      ['get core/pods names=a'],
      'get core/pods names=a,b',
      ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
    ],
    [['get /healthz/*'], 'get /healthz/etcd', []],
    [['get /healthz'], 'get /*', ['{NonResourceURLs:["/*"], Verbs:["get"]}']],
  ])('%j lack of %s: %j', (owned, given, missing) => {
    expect(compact(uncovered(owned.map(rule), [rule(given)])).map(describeRule)).toEqual(missing);
  });

  const list = (...values: string[]) => fc.subarray(values, { minLength: 1 });
  const rules = fc.array(
    fc.record({
      apiGroups: list('', 'apps', '*'),
      resources: list('pods', 'pods/log', '*/log', 'secrets', '*'),
      verbs: list('get', 'list', '*'),
      resourceNames: fc.subarray(['a', 'b']),
    }) as fc.Arbitrary<PolicyRule>,
    { maxLength: 4 },
  );
  const questions = fc.record({
    verb: fc.constantFrom('get', 'list', 'delete'),
    group: fc.constantFrom('', 'apps'),
    resource: fc.constantFrom('pods', 'secrets'),
    subresource: fc.option(fc.constantFrom('log', 'status'), { nil: undefined }),
    name: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    namespace: fc.constant('n'),
  }) as fc.Arbitrary<Attributes>;
  const allows = (some: readonly PolicyRule[], question: Attributes) => some.some((one) => ruleAllows(one, question));

  it('takes nothing away by one rule more', () => {
    fc.assert(
      fc.property(rules, rules, questions, (some, more, question) => {
        return !allows(some, question) || allows([...more, ...some], question);
      }),
    );
  });

  it('gives nothing new when nothing is uncovered', () => {
    fc.assert(
      fc.property(rules, rules, questions, (owned, given, question) => {
        const harmless = uncovered(owned, given).length === 0;
        return !harmless || !allows(given, question) || allows(owned, question);
      }),
      { numRuns: 500 },
    );
  });

  it('covers itself, and all that a missing part is added to', () => {
    fc.assert(
      fc.property(rules, rules, (owned, given) => {
        expect(uncovered(given, given)).toEqual([]);
        expect(uncovered([...owned, ...compact(uncovered(owned, given))], given)).toEqual([]);
      }),
    );
  });
});
