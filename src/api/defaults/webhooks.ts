/** Defaults of webhooks and API services. Source: Kubernetes v1.32, pkg/apis/admissionregistration/v1/defaults.go, kube-aggregator apiregistration/v1/defaults.go. */
import type { JsonObject } from '../schema/json.ts';
import { partOf, partsOf, setDefault } from './fields.ts';

const HTTPS_PORT = 443;

export function defaultValidatingWebhooks(configuration: JsonObject): void {
  for (const webhook of partsOf(configuration, 'webhooks')) defaultWebhook(webhook);
}

export function defaultMutatingWebhooks(configuration: JsonObject): void {
  for (const webhook of partsOf(configuration, 'webhooks')) {
    defaultWebhook(webhook);
    setDefault(webhook, 'reinvocationPolicy', 'Never');
  }
}

function defaultWebhook(webhook: JsonObject): void {
  setDefault(webhook, 'failurePolicy', 'Fail');
  setDefault(webhook, 'matchPolicy', 'Equivalent');
  setDefault(webhook, 'namespaceSelector', {});
  setDefault(webhook, 'objectSelector', {});
  setDefault(webhook, 'timeoutSeconds', 10);
  for (const rule of partsOf(webhook, 'rules')) setDefault(rule, 'scope', '*');
  defaultPort(partOf(partOf(webhook, 'clientConfig'), 'service'));
}

export function defaultApiService(apiService: JsonObject): void {
  defaultPort(partOf(partOf(apiService, 'spec'), 'service'));
}

function defaultPort(service: JsonObject | undefined): void {
  if (service !== undefined) setDefault(service, 'port', HTTPS_PORT);
}
