import type { Clock, Log } from '#base';
import type { Authorize } from '../auth/authorization.types.ts';
import { planLogOptions } from '../nodes/log-options.plan.ts';
import type { OpenPodLog } from '../nodes/pod-logs.ts';
import type { Api, ResourceRow, Subresource } from '../registry/api.ts';
import { sendJson, sendJsonPieces } from './answers.ts';
import type { Encoder } from './encoding.ts';
import { httpLimits } from './limits.ts';
import { streamLog } from './log-stream.ts';
import { planReadOptions, planWatchOptions } from './request-options.plan.ts';
import { demandedBy, formatOf, nameOf, permit, type ResourceCall, targetOf } from './resource-call.ts';
import { streamWatch } from './watch-stream.ts';

export interface ResourceReadsDeps {
  readonly api: Pick<Api, 'get' | 'list' | 'watch'>;
  readonly authorize: Authorize;
  readonly encoder: Encoder;
  readonly openPodLog: OpenPodLog;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads the ends of watches. */
  readonly random: () => number;
}

export type CallHandler = (call: ResourceCall) => Promise<unknown>;

export function createResourceReads(deps: ResourceReadsDeps): Readonly<Record<'get' | 'list' | 'watch', CallHandler>> {
  const { api, authorize, encoder } = deps;

  /** Both again: that the caller is known, and that he may. */
  function checkAgain(call: ResourceCall, more: Parameters<typeof permit>[2] = {}): () => Promise<void> {
    return async () => {
      await call.exchange.reauthenticate();
      await permit(authorize, call, more);
    };
  }

  async function podLog(call: ResourceCall): Promise<void> {
    const { context, query, reply, signal } = call.exchange;
    const pod = { namespace: call.path.namespace, name: nameOf(call) };
    const options = planLogOptions(query);
    await streamLog({
      response: reply.raw,
      open: (ended) => deps.openPodLog(context, pod, options, ended),
      begin: () => reply.hijack(),
      check: checkAgain(call),
      clock: deps.clock,
      signal,
    });
  }

  return {
    async get(call) {
      const { exchange, row, subresource } = call;
      await permit(authorize, call);
      if (subresource === 'log') return podLog(call);
      const part = subresource === 'status' || subresource === 'scale' ? { subresource } : {};
      const object = await api.get({ ...targetOf(call), name: nameOf(call), ...part });
      return sendJson(exchange.reply, 200, encoder.object(shownAs(row, subresource), object, formatOf(exchange)));
    },

    async list(call) {
      const { exchange, row } = call;
      const options = planReadOptions(exchange.query);
      await permit(authorize, call, demandedBy(options));
      const format = formatOf(exchange);
      const answer = await api.list({ ...targetOf(call), ...options });
      return sendJsonPieces(exchange.reply, encoder.list(row, answer, format));
    },

    async watch(call) {
      const { exchange, row, path } = call;
      // A watch has no pages.
      const { fieldSelector: given, limit: _limit, continue: _continue, ...options } = planReadOptions(exchange.query);
      const byName = path.name === undefined ? [] : [`metadata.name=${path.name}`];
      const fieldSelector = [...byName, ...(given === undefined ? [] : [given])].join(',');
      const demanded = demandedBy({ ...options, fieldSelector });
      await permit(authorize, call, demanded);
      const request = {
        ...targetOf(call),
        ...options,
        ...(fieldSelector === '' ? {} : { fieldSelector }),
        timeoutMs: httpLimits.watchTimeoutMs * (1 + deps.random()),
        ...planWatchOptions(exchange.query),
      };
      await streamWatch(deps, {
        response: exchange.reply.raw,
        row,
        format: formatOf(exchange),
        open: (signal) => api.watch({ ...request, signal }),
        check: checkAgain(call, demanded),
        signal: exchange.signal,
      });
      exchange.reply.hijack(); // only now: a refusal before the headers is the framework's to answer
    },
  };
}

/** The row with the columns of what is read: a scale has its own. */
function shownAs(row: ResourceRow, subresource: Subresource | undefined): ResourceRow {
  const columns = subresource === undefined ? undefined : row.subresources?.[subresource]?.columns;
  return columns === undefined ? row : { ...row, columns };
}
