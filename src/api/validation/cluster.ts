/** Rules of Namespaces, Nodes, Leases and ServiceAccounts. Source: kubernetes pkg/apis/{core,coordination}/validation (v1.32). */
import type { Taint } from 'kubernetes-types/core/v1.js';
import type { Lease, Namespace, Node, ServiceAccount } from '../kinds/types.ts';
import { isRange, NOT_A_RANGE } from './addresses.ts';
import { checked, type Issues, itemsOf, type Loose, notNegativeNumber, requiredOneOf, requiredText } from './checks.ts';
import { duplicate, forbidden, invalid } from './issues.ts';
import { dns1123Subdomain, labelValue, qualifiedName } from './names.ts';
import { validateQuantity } from './resources.ts';

export function* validateNamespace({ spec }: Loose<Namespace>): Issues {
  yield* itemsOf('spec.finalizers', spec?.finalizers, (finalizer, at) => checked(at, finalizer, qualifiedName));
}

export function* validateNode({ spec }: Loose<Node>): Issues {
  const taints = spec?.taints ?? [];
  yield* itemsOf('spec.taints', taints, validateTaint);
  const seen = new Set<string>();
  for (const [index, { key = '', effect = '' }] of taints.entries()) {
    if (seen.has(`${key}:${effect}`)) yield duplicate(`spec.taints[${index}]`, { key, effect });
    seen.add(`${key}:${effect}`);
  }
  yield* itemsOf('spec.podCIDRs', spec?.podCIDRs, (range, at) =>
    checked(at, range, (text) => (isRange(text) ? undefined : NOT_A_RANGE)),
  );
}

export function* validateNodeStatus({ status }: Loose<Node>): Issues {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(status?.[list] ?? {})) {
      yield* validateQuantity(`status.${list}[${name}]`, amount);
    }
  }
}

function* validateTaint({ key, value, effect }: Loose<Taint>, path: string): Issues {
  yield* requiredText(`${path}.key`, key, qualifiedName);
  yield* checked(`${path}.value`, value, labelValue);
  yield* requiredOneOf(`${path}.effect`, effect, ['NoExecute', 'NoSchedule', 'PreferNoSchedule']);
}

/** A node's range, once given, is in use. */
export function* validateNodeUpdate({ spec }: Loose<Node>, { spec: old }: Loose<Node>): Issues {
  if (old?.podCIDR && spec?.podCIDR !== old.podCIDR) {
    yield forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  }
  if (old?.providerID && spec?.providerID !== old.providerID) {
    yield forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  }
}

export function* validateLease({ spec }: Loose<Lease>): Issues {
  const seconds = spec?.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) {
    yield invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0');
  }
  yield* notNegativeNumber('spec.leaseTransitions', spec?.leaseTransitions);
}

export function* validateServiceAccount({ imagePullSecrets, secrets }: Loose<ServiceAccount>): Issues {
  yield* itemsOf('imagePullSecrets', imagePullSecrets, (secret, at) => requiredText(`${at}.name`, secret.name));
  yield* itemsOf('secrets', secrets, (secret, at) => checked(`${at}.name`, secret.name, dns1123Subdomain));
}
