import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { Lifecycle } from './lifecycle.ts';

describe('src/app/lifecycle.ts', () => {
  it('closes in reverse order, one after the other', async () => {
    const steps: string[] = [];
    const lifecycle = new Lifecycle(silentLog);
    for (const name of ['store', 'api', 'actors']) {
      lifecycle.add(name, async () => {
        steps.push(`${name} begins`);
        await Promise.resolve();
        steps.push(`${name} ends`);
      });
    }
    await lifecycle.close();
    expect(steps).toEqual(['actors begins', 'actors ends', 'api begins', 'api ends', 'store begins', 'store ends']);
  });

  it('closes the rest when one fails, and then tells of every failure', async () => {
    const closed: string[] = [];
    const lifecycle = new Lifecycle(silentLog);
    lifecycle.add('store', () => void closed.push('store'));
    lifecycle.add('api', () => Promise.reject(new Error('the socket hangs')));
    lifecycle.add('ui', () => {
      throw new Error('no such page');
    });
    const failure = await lifecycle.close().catch((error: unknown) => error);
    expect(closed).toEqual(['store']);
    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).message).toBe('no such page; the socket hangs');
  });

  it('closes nothing twice', async () => {
    let times = 0;
    const lifecycle = new Lifecycle(silentLog);
    lifecycle.add('store', () => {
      times += 1;
    });
    await Promise.all([lifecycle.close(), lifecycle.close()]);
    await lifecycle.close();
    expect(times).toBe(1);
  });
});
