/** Rules of webhook configurations. Source: kubernetes pkg/apis/admissionregistration/validation/validation.go (v1.32). */
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
  WebhookClientConfig,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '../kinds/types.ts';
import { checked, type Issues, itemsOf, type Loose, noDuplicates, oneOf, requiredText } from './checks.ts';
import { invalid, required, tooMany, unsupported } from './issues.ts';
import { dns1035Label, dns1123Subdomain, portNumber, qualifiedName, type Rule } from './names.ts';
import { validateSelector } from './selector.ts';

/** Versions of the review that a webhook can be asked in. */
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
/** Source: apiserver pkg/admission/plugin/webhook, as far as a request may wait. */
const TIMEOUT = { min: 1, max: 30 };
const MAX_CONDITIONS = 64;

type Webhook = Loose<ValidatingWebhook> & Pick<Loose<MutatingWebhook>, 'reinvocationPolicy'>;

export function* validateWebhooks(
  configuration: Loose<ValidatingWebhookConfiguration> | Loose<MutatingWebhookConfiguration>,
): Issues {
  const webhooks: readonly Webhook[] = configuration.webhooks ?? [];
  yield* itemsOf('webhooks', webhooks, validateWebhook);
  yield* noDuplicates(webhooks.map(({ name }, at) => ({ path: `webhooks[${at}].name`, value: name })));
}

/** At least `name.domain.tld`. */
const fullName: Rule = (name) =>
  dns1123Subdomain(name) ??
  (name.split('.').length < 3 ? 'should be a domain with at least three segments separated by dots' : undefined);

function* validateWebhook(webhook: Webhook, path: string): Issues {
  yield* requiredText(`${path}.name`, webhook.name, fullName);
  yield* validateReviewVersions(webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`);
  yield* itemsOf(`${path}.rules`, webhook.rules, validateRule);
  yield* oneOf(`${path}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']);
  yield* oneOf(`${path}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']);
  yield* validateSideEffects(webhook.sideEffects, `${path}.sideEffects`);
  yield* checked(`${path}.timeoutSeconds`, webhook.timeoutSeconds, (seconds) =>
    seconds < TIMEOUT.min || seconds > TIMEOUT.max
      ? `the timeout value must be between ${TIMEOUT.min} and ${TIMEOUT.max} seconds`
      : undefined,
  );
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = webhook[field];
    if (selector !== undefined) yield* validateSelector(selector, `${path}.${field}`);
  }
  yield* oneOf(`${path}.reinvocationPolicy`, webhook.reinvocationPolicy, ['IfNeeded', 'Never']);
  yield* validateClient(webhook.clientConfig ?? {}, `${path}.clientConfig`);
  yield* validateConditions(webhook.matchConditions ?? [], `${path}.matchConditions`);
}

function* validateReviewVersions(versions: readonly string[], path: string): Issues {
  const choices = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) {
    yield required(path, `must specify one of ${choices}`);
    return;
  }
  const seen = new Set<string>();
  for (const [at, version] of versions.entries()) {
    if (seen.has(version)) yield invalid(`${path}[${at}]`, version, 'duplicate version');
    seen.add(version);
    yield* checked(`${path}[${at}]`, version, dns1035Label);
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    yield invalid(path, versions, `must include at least one of ${choices}`);
  }
}

function* validateSideEffects(sideEffects: string | undefined, path: string): Issues {
  const supported = ['None', 'NoneOnDryRun'];
  if (!sideEffects) yield required(path, `must specify one of ${supported.join(', ')}`);
  else yield* oneOf(path, sideEffects, supported);
}

/** The types lack two fields. */
type WebhookRule = Loose<RuleWithOperations> & { readonly resources?: readonly string[]; readonly scope?: string };

function* validateRule(rule: WebhookRule, path: string): Issues {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  yield* validateAll(`${path}.operations`, operations, 'operations');
  for (const [at, operation] of operations.entries()) {
    if (!OPERATIONS.includes(operation)) yield unsupported(`${path}.operations[${at}]`, operation, OPERATIONS);
  }
  yield* validateAll(`${path}.apiGroups`, apiGroups, 'API groups');
  yield* validateAll(`${path}.apiVersions`, apiVersions, 'API versions');
  for (const [at, version] of apiVersions.entries()) if (version === '') yield required(`${path}.apiVersions[${at}]`);
  yield* validateResources(`${path}.resources`, resources);
  yield* oneOf(`${path}.scope`, scope, ['*', 'Cluster', 'Namespaced']);
}

/** A star stands for all, and alone. */
function* validateAll(path: string, values: readonly string[], what: string): Issues {
  if (values.length === 0) yield required(path);
  if (values.length > 1 && values.includes('*'))
    yield invalid(path, values, `if '*' is present, must not specify other ${what}`);
}

/** Neither twice the same, nor a part of what another entry names already. */
function* validateResources(path: string, resources: readonly string[]): Issues {
  if (resources.length === 0) yield required(path);
  const parts = resources.map((resource) => {
    const slash = resource.indexOf('/');
    return slash < 0 ? [resource, ''] : [resource.slice(0, slash), resource.slice(slash + 1)];
  });
  const withAllParts = new Set(parts.flatMap(([resource = '', part]) => (part === '*' ? [resource] : [])));
  const ofAll = new Set(parts.flatMap(([resource, part = '']) => (resource === '*' && part !== '' ? [part] : [])));
  for (const [at, value] of resources.entries()) {
    const [resource = '', part = ''] = parts[at] ?? [];
    if (value === '') yield required(`${path}[${at}]`);
    if (part === '') continue;
    if (withAllParts.has(resource) && part !== '*')
      yield invalid(`${path}[${at}]`, value, `if '${resource}/*' is present, must not specify ${value}`);
    if (ofAll.has(part) && resource !== '*')
      yield invalid(`${path}[${at}]`, value, `if '*/${part}' is present, must not specify ${value}`);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    yield invalid(path, resources, "if '*/*' is present, must not specify other resources");
  if (resources.includes('*') && parts.some(([resource, part]) => part === '' && resource !== '*'))
    yield invalid(path, resources, "if '*' is present, must not specify other resources without subresources");
}

function* validateClient({ url, service }: Loose<WebhookClientConfig>, path: string): Issues {
  if ((url === undefined) === (service === undefined)) {
    yield required(path, 'exactly one of url or service is required');
    return;
  }
  if (url !== undefined) yield* validateUrl(url, `${path}.url`);
  if (service === undefined) return;
  yield* requiredText(`${path}.service.name`, service.name);
  yield* requiredText(`${path}.service.namespace`, service.namespace);
  yield* checked(`${path}.service.port`, service.port, (port) =>
    portNumber(port) === undefined ? undefined : `port is not valid: ${portNumber(port)}`,
  );
  if (service.path !== undefined) yield* validatePath(service.path, `${path}.service.path`);
}

/** Source: apiserver pkg/util/webhook/validation.go, ValidateWebhookURL (v0.32). */
function* validateUrl(text: string, path: string): Issues {
  const form = '; desired format: https://host[/path]';
  if (!URL.canParse(text)) {
    yield required(path, `url must be a valid URL${form}`);
    return;
  }
  const { protocol, host, username, password, hash, search } = new URL(text);
  if (protocol !== 'https:') yield invalid(path, text, `'https' is the only allowed URL scheme${form}`);
  if (host === '') yield invalid(path, text, `host must be specified${form}`);
  if (username !== '' || password !== '') yield invalid(path, '', 'user information is not permitted in the URL');
  if (hash !== '') yield invalid(path, hash.slice(1), 'fragments are not permitted in the URL');
  if (search !== '') yield invalid(path, search.slice(1), 'query parameters are not permitted in the URL');
}

/** Source: the same, ValidateWebhookService. */
function* validatePath(text: string, path: string): Issues {
  if (text === '' || text === '/') return;
  if (text === '//') {
    yield invalid(path, text, 'segment[0] may not be empty');
    return;
  }
  if (!text.startsWith('/')) yield invalid(path, text, "must start with a '/'");
  const inner = text.endsWith('/') ? text.slice(1, -1) : text.slice(1);
  for (const [at, step] of inner.split('/').entries()) {
    const problem = step === '' ? `segment[${at}] may not be empty` : dns1123Subdomain(step);
    if (problem !== undefined) yield invalid(path, text, step === '' ? problem : `segment[${at}]: ${problem}`);
  }
}

/** Their expressions are kept as they are: nothing evaluates them here. */
function* validateConditions(conditions: readonly Loose<{ name: string; expression: string }>[], path: string): Issues {
  if (conditions.length > MAX_CONDITIONS) yield tooMany(path, conditions.length, MAX_CONDITIONS);
  for (const [at, { name, expression }] of conditions.entries()) {
    if (!expression?.trim()) yield required(`${path}[${at}].expression`);
    yield* requiredText(`${path}[${at}].name`, name, qualifiedName);
  }
  yield* noDuplicates(conditions.map(({ name }, at) => ({ path: `${path}[${at}].name`, value: name })));
}
