import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '#api';
import type { Clock, Log } from '#base';
import { sendValue } from '../http/answers.ts';
import { ByteBudget } from '../http/byte-budget.ts';
import { createFramework, createListener, type Listener, OpenResponses } from '../http/framework.ts';
import { readBody } from '../http/read-body.ts';
import { planDelivery } from './delivery.plan.ts';
import { webhookLimits } from './limits.ts';
import { SeenDeliveries } from './seen-deliveries.ts';
import { isAuthentic } from './signature.ts';
import type { WebhookHint, WebhookSource } from './webhook.types.ts';
import type { WebhookLookup } from './webhook-lookup.ts';

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
  const app = createFramework({ limits: webhookLimits, clock, log });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { name = '' } = request.params as { readonly name?: string };
    const { bodyBytes: limitBytes, bodyTimeoutMs: timeoutMs } = webhookLimits;
    const hold = budget.open();
    try {
      const bytes = await readBody(request.raw, { limitBytes, timeoutMs, clock, onBytes: hold.take });
      const source = await lookup(name);
      if (source === undefined || !isAuthentic(source.provider, source.secret, bytes, request.headers)) {
        log.warn({ source: name }, 'webhook refused');
        throw new ApiError('Unauthorized', 'the signature is missing or wrong, or there is no such webhook');
      }
      return sendValue(reply, 202, accept(source, request, bytes));
    } finally {
      hold.release();
    }
  }

  function accept(source: WebhookSource, request: FastifyRequest, bytes: Buffer): object {
    const event = text(request.headers['x-github-event']);
    const payload = parse(request, bytes);
    const plan = planDelivery({ provider: source.provider, event, payload });
    if (plan.action === 'ignore') return { ignored: plan.reason };
    const delivery = text(request.headers['x-github-delivery'] ?? request.headers['x-plumbline-delivery']);
    const known = delivery === undefined ? undefined : seen.get(source.name, delivery);
    if (known !== undefined) return { id: known };
    const id = randomBytes(8).toString('hex');
    notify({ id, source: source.name, url: source.url });
    // Remembered only once it was passed on: what was refused may be sent again.
    if (delivery !== undefined && delivery.length <= webhookLimits.deliveryIdLength)
      seen.add(source.name, delivery, id);
    log.info({ source: source.name, id, reason: plan.reason }, 'webhook accepted');
    return { id };
  }

  app.post('/webhook/:name', receive);
  app.setNotFoundHandler(() => {
    throw new ApiError('NotFound', 'only POST /webhook/<repository> is served here');
  });
  return createListener(app, { listen, clock, closeGraceMs: webhookLimits.closeGraceMs, open: new OpenResponses() });
}

/** The payload, or undefined when it is not looked into. What cannot be read is refused: it is no webhook. */
function parse({ headers }: FastifyRequest, bytes: Buffer): unknown {
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

function text(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
