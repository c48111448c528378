import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '#api';
import type { Clock, Log } from '#base';
import { sendValue } from '../http/answers.ts';
import { ByteBudget } from '../http/byte-budget.ts';
import { createFramework, createListener, type Listener, OpenResponses } from '../http/framework.ts';
import { readBody } from '../http/read-body.ts';
import { planDelivery } from './delivery.plan.ts';
import { DeliveryRate } from './delivery-rate.ts';
import { FORGES, isUnsignedPing } from './forges.ts';
import { webhookLimits } from './limits.ts';
import { SeenDeliveries } from './seen-deliveries.ts';
import type { WebhookHint, WebhookSource } from './webhook.types.ts';
import type { WebhookLookup } from './webhook-lookup.ts';

/** Least time between two log lines about refused deliveries, ms. */
const REFUSAL_LOG_MS = 1_000;

export interface WebhookServerOptions {
  readonly lookup: WebhookLookup;
  /** Takes a hint and returns at once; many hints of one repository are for the taker to make one fetch of. */
  readonly notify: (hint: WebhookHint) => void;
  readonly listen: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Takes webhooks on a port that serves nothing else. A delivery is a hint and no more: capped, then authenticated over
 * its raw bytes, and only then looked at; who is not known and who signs wrongly get the same answer.
 */
export function createWebhookServer({ lookup, notify, listen, clock, log }: WebhookServerOptions): Listener {
  const budget = new ByteBudget(webhookLimits.bodyBytesInFlight);
  const seen = new SeenDeliveries(webhookLimits.deliveries);
  const followed = new SeenDeliveries(webhookLimits.followed);
  const rate = new DeliveryRate(webhookLimits.rate);
  const followRate = new DeliveryRate(webhookLimits.followRate);
  let unsaid = 0;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  const app = createFramework({ limits: webhookLimits, clock, log });

  /** `find` tells whose delivery it is; the body is capped before, and looked into only after it is known to be genuine. */
  async function receive(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    find: () => Promise<WebhookSource | undefined>,
  ): Promise<unknown> {
    const { bodyBytes: limitBytes, bodyTimeoutMs: timeoutMs } = webhookLimits;
    const { headers } = raw;
    const hold = budget.open();
    try {
      const bytes = await readBody(raw, { limitBytes, timeoutMs, clock, onBytes: hold.take });
      if (isUnsignedPing(headers)) return sendValue(reply, 200, { ignored: 'ping' });
      const source = await find();
      if (source === undefined || !proves(source, bytes, headers)) {
        refused(source?.name);
        throw new ApiError('Unauthorized', 'the signature is missing or wrong, or there is no such webhook');
      }
      if (!rate.take(source.name, clock.monotonicMs()))
        throw new ApiError('TooManyRequests', 'too many webhooks of this source, please try again later');
      return accept(reply, source, headers, bytes);
    } finally {
      hold.release();
    }
  }

  function proves({ provider, secret }: WebhookSource, bytes: Buffer, headers: IncomingHttpHeaders): boolean {
    return secret !== '' && FORGES[provider].isAuthentic({ secret, bytes, headers, nowMs: clock.nowMs() });
  }

  /** Strangers write no more of our log than a line a second. */
  function refused(source: string | undefined): void {
    unsaid += 1;
    const nowMs = clock.monotonicMs();
    if (nowMs - saidAtMs < REFUSAL_LOG_MS) return;
    log.warn({ source, refused: unsaid }, 'webhook refused');
    unsaid = 0;
    saidAtMs = nowMs;
  }

  function accept(reply: FastifyReply, source: WebhookSource, headers: IncomingHttpHeaders, bytes: Buffer): unknown {
    const forge = FORGES[source.provider];
    const event = forge.eventHeader === undefined ? undefined : text(headers[forge.eventHeader]);
    const payload = parse(headers, bytes);
    const plan = planDelivery({ forge, event, payload });
    if (plan.action !== 'hint') return sendValue(reply, plan.action === 'ping' ? 200 : 202, { ignored: plan.reason });
    const delivery = text(headers['webhook-id'] ?? headers[forge.deliveryHeader]);
    const known = delivery === undefined ? undefined : seen.get(source.name, delivery);
    if (known !== undefined) return sendAccepted(reply, known);
    const id = randomBytes(16).toString('hex');
    const { url, name } = source;
    notify({
      id,
      ...(url === undefined ? { urls: plan.urls } : { source: name, urls: [url] }),
      ...(plan.paths === undefined ? {} : { paths: plan.paths }),
    });
    // Remembered only once it was passed on: what was refused may be sent again.
    if (delivery !== undefined && delivery.length <= webhookLimits.deliveryIdLength) seen.add(name, delivery, id);
    followed.add('', id, name);
    log.info({ source: name, id, reason: plan.reason, paths: plan.paths?.length }, 'webhook accepted');
    return sendAccepted(reply, id);
  }

  /** Who was given an id may ask what became of it: it cannot be guessed. Others learn nothing, and cost a look into a map. */
  async function follow(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { id = '' } = request.params as { readonly id?: string };
    const source = followed.get('', id);
    if (source === undefined) throw new ApiError('NotFound', 'no such delivery, or one of long ago');
    if (!followRate.take('', clock.monotonicMs()))
      throw new ApiError('TooManyRequests', 'too many questions, please try again later');
    const runs = (await lookup.runs(id)).slice(0, webhookLimits.runsTold).map(({ metadata, spec, status }) => ({
      name: metadata.name,
      application: spec.application,
      revision: spec.revision,
      phase: status?.phase ?? 'Running',
    }));
    return sendValue(reply, 200, { id, source, runs });
  }

  app.post('/webhook/:name', (request, reply) => {
    const { name = '' } = request.params as { readonly name?: string };
    return receive(request, reply, () => lookup.repository(name));
  });
  // Where Argo CD takes them: a forge that sends there goes on to do so.
  app.post('/api/webhook', (request, reply) => receive(request, reply, () => lookup.shared(request.headers)));
  app.get('/webhook/deliveries/:id', follow);
  app.setNotFoundHandler(() => {
    throw new ApiError(
      'NotFound',
      'only POST /webhook/<repository>, POST /api/webhook and GET /webhook/deliveries/<id> are served here',
    );
  });
  return createListener(app, { listen, clock, closeGraceMs: webhookLimits.closeGraceMs, open: new OpenResponses() });
}

/** The payload, or undefined when it is not looked into. What cannot be read is refused: it is no webhook. */
function parse(headers: IncomingHttpHeaders, bytes: Buffer): unknown {
  if (/^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '')) {
    throw new ApiError('UnsupportedMediaType', 'choose the content type application/json for this webhook');
  }
  if (bytes.length === 0 || bytes.length > webhookLimits.parsedBytes) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ApiError('BadRequest', 'the payload is not JSON', undefined, cause);
  }
}

function sendAccepted(reply: FastifyReply, id: string): FastifyReply {
  const url = `/webhook/deliveries/${id}`;
  return sendValue(reply.header('location', url), 202, { id, url });
}

function text(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
