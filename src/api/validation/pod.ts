/** Rules of pods and pod templates. Source: kubernetes pkg/apis/core/validation/validation.go, ValidatePodSpec (v1.32). */

import type {
  Affinity,
  Container,
  NodeSelector,
  NodeSelectorTerm,
  PodDNSConfig,
  PodSpec,
  PodTemplateSpec,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.js';
import type { Pod } from '../kinds/types.ts';
import { isIPAddress, NOT_AN_ADDRESS } from './addresses.ts';
import {
  checked,
  checkedText,
  type Issues,
  itemsOf,
  type Loose,
  noDuplicates,
  notNegativeNumber,
  oneOf,
  requiredOneOf,
  requiredText,
} from './checks.ts';
import { type ContainerRole, type ContainerRules, validateContainer, validateIds } from './container.ts';
import { validateEphemeralContainer } from './ephemeral-containers.ts';
import { duplicate, forbidden, invalid, required } from './issues.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from './names.ts';
import { isEmptySelector, validateSelector } from './selector.ts';
import { validateVolumes } from './volume.ts';

export function* validatePod(pod: Loose<Pod>): Issues {
  yield* validatePodSpec(pod.spec ?? {}, 'spec');
}

/** `claims` are volumes that each pod gets besides those of the template: a StatefulSet's. */
export function* validatePodTemplate(
  template: Loose<PodTemplateSpec>,
  path: string,
  claims: readonly string[] = [],
): Issues {
  yield* validateLabels(template.metadata?.labels, `${path}.metadata.labels`);
  yield* validateAnnotations(template.metadata?.annotations, `${path}.metadata.annotations`);
  yield* validatePodSpec(template.spec ?? {}, `${path}.spec`, claims);
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    yield forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

function* validatePodSpec(spec: Loose<PodSpec>, path: string, claims: readonly string[] = []): Issues {
  yield* oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'Never', 'OnFailure']);
  yield* validateDns(spec, path);
  yield* notNegativeNumber(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds);
  yield* checked(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, (seconds) =>
    seconds >= 1 && seconds <= 2_147_483_647 ? undefined : 'must be between 1 and 2147483647, inclusive',
  );
  yield* checkedText(`${path}.nodeName`, spec.nodeName, dns1123Subdomain);
  yield* checkedText(`${path}.serviceAccountName`, spec.serviceAccountName, dns1123Subdomain);
  yield* checkedText(`${path}.priorityClassName`, spec.priorityClassName, dns1123Subdomain);
  yield* checkedText(`${path}.hostname`, spec.hostname, dns1123Label);
  yield* checkedText(`${path}.subdomain`, spec.subdomain, dns1123Label);
  yield* oneOf(`${path}.os.name`, spec.os?.name, ['linux', 'windows']);
  yield* validateLabels(spec.nodeSelector, `${path}.nodeSelector`);
  yield* validateVolumes(spec.volumes ?? [], `${path}.volumes`);
  yield* validateContainers(spec, path, claims);
  yield* validateIds(spec.securityContext ?? {}, `${path}.securityContext`);
  yield* itemsOf(`${path}.securityContext.sysctls`, spec.securityContext?.sysctls, (sysctl, at) =>
    requiredText(`${at}.name`, sysctl.name),
  );
  yield* itemsOf(`${path}.imagePullSecrets`, spec.imagePullSecrets, (secret, at) =>
    requiredText(`${at}.name`, secret.name),
  );
  yield* itemsOf(`${path}.tolerations`, spec.tolerations, validateToleration);
  yield* validateSpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`);
  yield* validateAffinity(spec.affinity, `${path}.affinity`);
  yield* itemsOf(`${path}.hostAliases`, spec.hostAliases, function* (alias, at): Issues {
    if (!isIPAddress(alias.ip ?? '')) yield invalid(`${at}.ip`, alias.ip ?? '', NOT_AN_ADDRESS);
    yield* itemsOf(`${at}.hostnames`, alias.hostnames, (name, place) => checked(place, name, dns1123Subdomain));
  });
  yield* itemsOf(`${path}.readinessGates`, spec.readinessGates, (gate, at) =>
    checked(`${at}.conditionType`, gate.conditionType ?? '', qualifiedName),
  );
  yield* validateSchedulingGates(spec, path);
}

function* validateSchedulingGates({ schedulingGates = [], nodeName }: Loose<PodSpec>, path: string): Issues {
  const at = `${path}.schedulingGates`;
  yield* itemsOf(at, schedulingGates, (gate, place) => requiredText(`${place}.name`, gate.name, qualifiedName));
  yield* noDuplicates(schedulingGates.map(({ name }, index) => ({ path: `${at}[${index}]`, value: name })));
  if (schedulingGates.length > 0 && nodeName) {
    yield forbidden(`${path}.nodeName`, 'cannot be set until all schedulingGates have been cleared');
  }
}

function* validateContainers(spec: Loose<PodSpec>, path: string, claims: readonly string[]): Issues {
  const volumes = new Set([...claims, ...(spec.volumes ?? []).map(({ name }) => name ?? '')]);
  const { terminationGracePeriodSeconds: gracePeriod, hostNetwork } = spec;
  const rules = (role: ContainerRole): ContainerRules => ({
    role,
    hostNetwork: hostNetwork === true,
    volumes,
    gracePeriod,
  });
  const lists: readonly [string, ContainerRole, readonly Loose<Container>[]][] = [
    ['initContainers', 'init', spec.initContainers ?? []],
    ['containers', 'container', spec.containers ?? []],
    ['ephemeralContainers', 'ephemeral', spec.ephemeralContainers ?? []],
  ];
  if ((spec.containers ?? []).length === 0) yield required(`${path}.containers`);
  for (const [name, role, containers] of lists) {
    yield* itemsOf(`${path}.${name}`, containers, (container, at) => validateContainer(container, at, rules(role)));
  }
  const others = new Set(lists.slice(0, 2).flatMap(([, , all]) => all.map((container) => container.name ?? '')));
  yield* itemsOf(`${path}.ephemeralContainers`, spec.ephemeralContainers, (container, at) =>
    validateEphemeralContainer(container, at, others),
  );
  yield* noDuplicates(
    lists.flatMap(([list, , containers]) =>
      containers.map(({ name }, index) => ({ path: `${path}.${list}[${index}].name`, value: name })),
    ),
  );
  yield* noDuplicates(
    (spec.containers ?? []).flatMap(({ ports = [] }, index) =>
      ports.map(({ hostIP, hostPort, protocol }, port) => ({
        path: `${path}.containers[${index}].ports[${port}].hostPort`,
        value: hostPort ? `${protocol ?? 'TCP'}/${hostIP ?? ''}/${hostPort}` : undefined,
      })),
    ),
  );
}

/** Source: validation.go, MaxDNSNameservers, MaxDNSSearchPaths, MaxDNSSearchListChars. */
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

function* validateDns({ dnsPolicy, dnsConfig }: Loose<PodSpec>, path: string): Issues {
  yield* oneOf(`${path}.dnsPolicy`, dnsPolicy, ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']);
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) {
      yield required(`${path}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None');
    } else if ((dnsConfig.nameservers ?? []).length === 0) {
      yield required(
        `${path}.dnsConfig.nameservers`,
        'must provide at least one DNS nameserver when `dnsPolicy` is None',
      );
    }
  }
  if (dnsConfig !== undefined) yield* validateDnsConfig(dnsConfig, `${path}.dnsConfig`);
}

function* validateDnsConfig(config: Loose<PodDNSConfig>, path: string): Issues {
  const { nameservers = [], searches = [] } = config;
  if (nameservers.length > MAX_NAMESERVERS) {
    yield invalid(`${path}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`);
  }
  yield* itemsOf(`${path}.nameservers`, nameservers, (server, at) =>
    checked(at, server, (text) => (isIPAddress(text) ? undefined : NOT_AN_ADDRESS)),
  );
  if (searches.length > MAX_SEARCHES) {
    yield invalid(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`);
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    yield invalid(
      `${path}.searches`,
      searches,
      `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
    );
  }
  yield* itemsOf(`${path}.searches`, searches, (search, at) =>
    checked(at, search, (text) => (text === '.' ? undefined : dns1123Subdomain(text.replace(/\.$/, '')))),
  );
  yield* itemsOf(`${path}.options`, config.options, (option, at) => requiredText(`${at}.name`, option.name));
}

const TAINT_EFFECTS = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

export function* validateToleration(toleration: Loose<Toleration>, path: string): Issues {
  const { key, operator, value, effect, tolerationSeconds } = toleration;
  yield* checkedText(`${path}.key`, key, qualifiedName);
  if (!key && operator !== 'Exists') {
    yield invalid(
      `${path}.operator`,
      operator ?? '',
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    yield invalid(`${path}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === 'Exists' && value) {
    yield invalid(`${path}.operator`, toleration, "value must be empty when `operator` is 'Exists'");
  } else if (!operator || operator === 'Equal') yield* checked(`${path}.operator`, value ?? '', labelValue);
  else yield* oneOf(`${path}.operator`, operator, ['Equal', 'Exists']);
  yield* oneOf(`${path}.effect`, effect, TAINT_EFFECTS);
}

function* validateSpread(constraints: readonly Loose<TopologySpreadConstraint>[], path: string): Issues {
  const seen = new Set<string>();
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey, whenUnsatisfiable, labelSelector, minDomains } = constraint;
    if (maxSkew <= 0) yield invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero');
    if (!topologyKey) yield required(`${at}.topologyKey`, 'can not be empty');
    yield* requiredOneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    if (minDomains !== undefined && minDomains <= 0) {
      yield invalid(`${at}.minDomains`, minDomains, 'must be greater than zero');
    }
    const both = `${topologyKey ?? ''}, ${whenUnsatisfiable ?? ''}`;
    if (seen.has(both)) yield duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${both}}`);
    seen.add(both);
    if (labelSelector !== undefined) yield* validateSelector(labelSelector, `${at}.labelSelector`);
  }
}

function* validateAffinity(affinity: Loose<Affinity> | undefined, path: string): Issues {
  const node = affinity?.nodeAffinity;
  const nodeTerms = node?.requiredDuringSchedulingIgnoredDuringExecution;
  const hard = 'requiredDuringSchedulingIgnoredDuringExecution';
  const soft = 'preferredDuringSchedulingIgnoredDuringExecution';
  if (nodeTerms !== undefined) yield* validateNodeSelector(nodeTerms, `${path}.nodeAffinity.${hard}`);
  yield* itemsOf(`${path}.nodeAffinity.${soft}`, node?.[soft], function* (term, at): Issues {
    yield* checked(`${at}.weight`, term.weight ?? 0, weightRule);
    yield* validateNodeTerm(term.preference ?? {}, `${at}.preference`);
  });
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    yield* itemsOf(`${path}.${name}.${hard}`, affinity?.[name]?.[hard], validatePodTerm);
    yield* itemsOf(`${path}.${name}.${soft}`, affinity?.[name]?.[soft], function* (term, at): Issues {
      yield* checked(`${at}.weight`, term.weight ?? 0, weightRule);
      yield* validatePodTerm(term.podAffinityTerm ?? {}, `${at}.podAffinityTerm`);
    });
  }
}

const weightRule = (weight: number) => (weight >= 1 && weight <= 100 ? undefined : 'must be in the range 1-100');

function* validatePodTerm(
  term: Loose<
    NonNullable<NonNullable<Affinity['podAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']>[number]
  >,
  path: string,
): Issues {
  if (!term.topologyKey) yield required(`${path}.topologyKey`, 'can not be empty');
  else yield* checked(`${path}.topologyKey`, term.topologyKey, qualifiedName);
  if (term.labelSelector !== undefined) yield* validateSelector(term.labelSelector, `${path}.labelSelector`);
  if (term.namespaceSelector !== undefined && !isEmptySelector(term.namespaceSelector)) {
    yield* validateSelector(term.namespaceSelector, `${path}.namespaceSelector`);
  }
  yield* itemsOf(`${path}.namespaces`, term.namespaces, (namespace, at) => checked(at, namespace, dns1123Label));
}

export function* validateNodeSelector({ nodeSelectorTerms }: Loose<NodeSelector>, path: string): Issues {
  const at = `${path}.nodeSelectorTerms`;
  if ((nodeSelectorTerms ?? []).length === 0) yield required(at, 'must have at least one node selector term');
  yield* itemsOf(at, nodeSelectorTerms, validateNodeTerm);
}

function* validateNodeTerm(term: Loose<NodeSelectorTerm>, path: string): Issues {
  yield* itemsOf(`${path}.matchExpressions`, term.matchExpressions, function* (expression, at): Issues {
    const { key, operator, values = [] } = expression;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        yield required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        yield forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else if (operator === 'Gt' || operator === 'Lt') {
      if (values.length !== 1) {
        yield required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      }
    } else yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
    yield* checked(`${at}.key`, key ?? '', qualifiedName);
  });
  yield* itemsOf(`${path}.matchFields`, term.matchFields, function* ({ key, operator, values = [] }, at): Issues {
    if (key !== 'metadata.name') yield invalid(`${at}.key`, key ?? '', 'not a valid field selector key');
    if (operator !== 'In' && operator !== 'NotIn') {
      yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
    } else if (values.length !== 1) {
      yield required(
        `${at}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      );
    }
  });
}
