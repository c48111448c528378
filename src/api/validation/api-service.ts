/** Rules of APIServices and CSINodes. Source: kube-aggregator pkg/apis/apiregistration/validation, kubernetes pkg/apis/storage/validation (v1.32). */
import type { CSINodeDriver } from 'kubernetes-types/storage/v1.js';
import { equalJson } from '#base';
import type { ApiService } from '../kinds/api-service.ts';
import type { CsiNode } from '../kinds/types.ts';
import { checked, checkedText, type Issues, itemsOf, type Loose, noDuplicates, requiredText } from './checks.ts';
import { invalid, invalidAltogether, required, tooLong } from './issues.ts';
import { dns1035Label, dns1123Subdomain, notNegative, portNumber, qualifiedName } from './names.ts';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1_000;

export function* validateApiService({ metadata, spec = {} }: Loose<ApiService>): Issues {
  const { group = '', version = '', service, caBundle = '', insecureSkipTLSVerify = false } = spec;
  const name = `${version}.${group}`;
  if (metadata?.name !== name)
    yield invalid('metadata.name', metadata?.name ?? '', `must be \`spec.version+"."+spec.group\`: "${name}"`);
  if (group === '' && version !== 'v1')
    yield required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  yield* checkedText('spec.group', group, dns1123Subdomain);
  yield* requiredText('spec.version', version, dns1035Label);
  yield* priority('spec.groupPriorityMinimum', spec.groupPriorityMinimum, MAX_GROUP_PRIORITY);
  yield* priority('spec.versionPriority', spec.versionPriority, MAX_VERSION_PRIORITY);
  if (service === undefined) {
    if (caBundle !== '') yield invalidAltogether('spec.caBundle', 'local APIServices may not have a caBundle');
    if (insecureSkipTLSVerify)
      yield invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
    return;
  }
  yield* requiredText('spec.service.namespace', service.namespace);
  yield* requiredText('spec.service.name', service.name);
  yield* checked('spec.service.port', service.port, (port) =>
    portNumber(port) === undefined ? undefined : `port is not valid: ${portNumber(port)}`,
  );
  if (insecureSkipTLSVerify && caBundle !== '')
    yield invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
}

function* priority(path: string, value = 0, max: number): Issues {
  if (value <= 0 || value > max) yield invalid(path, value, `must be positive and less than ${max}`);
}

/** Source: storage/validation.go, csiNodeIDMaxLength, and csi.go, the longest name of a driver. */
const MAX_NODE_ID = 192;
const MAX_DRIVER_NAME = 63;

export function* validateCsiNode({ spec = {} }: Loose<CsiNode>): Issues {
  const drivers = spec.drivers ?? [];
  yield* itemsOf('spec.drivers', drivers, validateDriver);
  yield* noDuplicates(drivers.map(({ name }, at) => ({ path: `spec.drivers[${at}].name`, value: name })));
}

function* validateDriver({ name, nodeID, allocatable, topologyKeys = [] }: Loose<CSINodeDriver>, path: string): Issues {
  if ((name ?? '').length > MAX_DRIVER_NAME) yield tooLong(`${path}.name`, MAX_DRIVER_NAME);
  yield* requiredText(`${path}.name`, name, (text) => dns1123Subdomain(text.toLowerCase()));
  if (!nodeID) yield required(`${path}.nodeID`);
  if ((nodeID ?? '').length > MAX_NODE_ID)
    yield invalid(`${path}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`);
  yield* checked(`${path}.allocatable.count`, allocatable?.count, notNegative);
  for (const [at, key] of topologyKeys.entries())
    yield* requiredText(`${path}.topologyKeys[${at}]`, key, qualifiedName);
  yield* noDuplicates(topologyKeys.map((value, at) => ({ path: `${path}.topologyKeys[${at}]`, value })));
}

/** What a driver said of a node once stays: it goes, and comes back with something else. */
export function* validateCsiNodeUpdate({ spec = {} }: Loose<CsiNode>, { spec: before = {} }: Loose<CsiNode>): Issues {
  for (const old of before.drivers ?? []) {
    const same = (spec.drivers ?? []).find(({ name }) => name === old.name);
    if (same !== undefined && !equalJson(same, old))
      yield invalidAltogether(
        'spec.drivers',
        `field is immutable: the driver ${JSON.stringify(old.name)} may go, but not change`,
      );
  }
}
