import { describe, expect, it } from 'vitest';
import type { Json } from '#api';
import {
  planDeleteOptions,
  planIncludeObject,
  planReadOptions,
  planWatchOptions,
  planWriteOptions,
} from './request-options.plan.ts';

const query = (text: string) => new URLSearchParams(text);

describe('src/server/http/request-options.plan.ts', () => {
  it('reads what a list asks for', () => {
    expect(planReadOptions(query('limit=500&labelSelector=a%3Db&fieldSelector=&continue=x&resourceVersion=0'))).toEqual(
      {
        limit: 500,
        labelSelector: 'a=b',
        continue: 'x',
        resourceVersion: '0',
      },
    );
    expect(planReadOptions(query('limit=0'))).toEqual({});
    expect(planReadOptions(query('sendInitialEvents=0&resourceVersionMatch=Exact'))).toEqual({
      sendInitialEvents: false,
      resourceVersionMatch: 'Exact',
    });
  });

  it.each(['limit=-1', 'limit=abc', 'limit=1e9', 'limit=99999999999999999'])('refuses %s', (text) => {
    expect(() => planReadOptions(query(text))).toThrow(/^limit: invalid value/);
  });

  it('reads what a watch asks for', () => {
    expect(planWatchOptions(query('allowWatchBookmarks=true&timeoutSeconds=300'))).toEqual({
      allowBookmarks: true,
      timeoutMs: 300_000,
    });
    expect(planWatchOptions(query('allowWatchBookmarks=false'))).toEqual({ allowBookmarks: false });
  });

  it('reads what a write asks for', () => {
    expect(planWriteOptions(query('fieldManager=m&fieldValidation=Strict&dryRun=All&force=true'))).toEqual({
      fieldManager: 'm',
      fieldValidation: 'Strict',
      dryRun: true,
      force: true,
    });
    expect(planWriteOptions(query('force=false'))).toEqual({ force: false });
    expect(planWriteOptions(query(''))).toEqual({});
  });

  it.each(['dryRun=Some', 'fieldValidation=strict', `fieldManager=${'x'.repeat(129)}`, 'fieldManager=a%0Ab'])(
    'refuses a write with %.30s',
    (text) => {
      expect(() => planWriteOptions(query(text))).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
    },
  );

  it.each([
    ['', undefined, {}],
    ['', {}, {}],
    [
      '',
      { propagationPolicy: 'Foreground', gracePeriodSeconds: 5 },
      { propagationPolicy: 'Foreground', gracePeriodSeconds: 5 },
    ],
    ['', { dryRun: ['All'] }, { dryRun: true }],
    ['dryRun=All', undefined, { dryRun: true }],
    [
      'gracePeriodSeconds=3&propagationPolicy=Orphan',
      undefined,
      { gracePeriodSeconds: 3, propagationPolicy: 'Orphan' },
    ],
    ['gracePeriodSeconds=3', { gracePeriodSeconds: 0 }, { gracePeriodSeconds: 0 }],
    ['orphanDependents=true', undefined, { propagationPolicy: 'Orphan' }],
    ['', { orphanDependents: false }, { propagationPolicy: 'Background' }],
    ['', { preconditions: { uid: 'u', resourceVersion: '1' } }, { preconditions: { uid: 'u', resourceVersion: '1' } }],
    ['', { gracePeriodSeconds: null, propagationPolicy: null, preconditions: null }, {}],
  ] as const)('reads a deletion from query "%s" and body %o', (text, body, expected) => {
    expect(planDeleteOptions(query(text), body as Json | undefined)).toEqual(expected);
  });

  it.each([
    { propagationPolicy: 'Sideways' },
    { gracePeriodSeconds: -1 },
    { gracePeriodSeconds: '5' },
    { dryRun: 'All' },
    { dryRun: ['None'] },
  ])('refuses a deletion with %o', (body) => {
    expect(() => planDeleteOptions(query(''), body)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('knows three ways to embed objects in a table', () => {
    expect(['', 'includeObject=None', 'includeObject=Object'].map((text) => planIncludeObject(query(text)))).toEqual([
      'Metadata',
      'None',
      'Object',
    ]);
    expect(() => planIncludeObject(query('includeObject=All'))).toThrow(/unsupported/);
  });
});
