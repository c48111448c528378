import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  isApiError,
  isEstablished,
  RESOURCES,
  type ResourceType,
  resourceTypeOf,
  servedNames,
  servedVersions,
} from '#api';
import type { Client } from '#client';
import { CliError } from './errors.ts';
import { plain } from './output.ts';

/** Where objects are looked for when no namespace is named, as by kubectl. */
export const DEFAULT_NAMESPACE = 'default';

/** Short names people type, as kubectl knows them. */
const SHORT: Readonly<Record<string, string>> = {
  ns: 'namespaces',
  no: 'nodes',
  po: 'pods',
  rc: 'replicationcontrollers',
  svc: 'services',
  ep: 'endpoints',
  cm: 'configmaps',
  sa: 'serviceaccounts',
  ev: 'events',
  limits: 'limitranges',
  quota: 'resourcequotas',
  pv: 'persistentvolumes',
  pvc: 'persistentvolumeclaims',
  sc: 'storageclasses',
  deploy: 'deployments',
  rs: 'replicasets',
  sts: 'statefulsets',
  ds: 'daemonsets',
  cj: 'cronjobs',
  hpa: 'horizontalpodautoscalers',
  pdb: 'poddisruptionbudgets',
  pc: 'priorityclasses',
  ing: 'ingresses',
  netpol: 'networkpolicies',
  app: 'applications',
  apps: 'applications',
  run: 'syncruns',
  runs: 'syncruns',
};

/** `pods`, `deployments.apps`: as kubectl names a resource where its group matters. */
export const resourceName = ({ plural, group }: ResourceType) => (group === '' ? plural : `${plural}.${group}`);

/** `pod/x`, `deployment.apps/x`: what `-o name` prints, and kubectl takes. */
export const objectWord = ({ kind, group }: ResourceType, name: string) =>
  `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`;

/** In kubectl's words, and with its exit code. */
export const notFound = (resource: ResourceType, name: string, namespace: string | undefined) =>
  new CliError(`${resourceName(resource)} "${plain(name)}" not found`, {
    prefix: 'Error from server (NotFound):',
    hint: resource.namespaced
      ? `plumb get ${resource.plural} -n ${namespace ?? DEFAULT_NAMESPACE} lists what there is; -A looks in every namespace.`
      : `plumb get ${resource.plural} lists what there is.`,
  });

/** The resource behind a word such as `pod`, `deploy`, `Service` or `deployments.apps`; undefined for one that is defined. */
export function builtInOfWord(word: string): ResourceType | undefined {
  const [wanted = '', ...group] = word.toLowerCase().split('.');
  const plural = SHORT[wanted] ?? wanted;
  return RESOURCES.find(
    (resource) =>
      (resource.plural === plural || resource.kind.toLowerCase() === plural) &&
      (group.length === 0 || resource.group === group.join('.')),
  );
}

/** The same for a resource that one of these definitions serves: by plural, singular, kind or short name, and group. */
export function definedByWord(
  word: string,
  definitions: readonly CustomResourceDefinition[],
): ResourceType | undefined {
  const [wanted = '', ...group] = word.toLowerCase().split('.');
  for (const definition of definitions) {
    const { plural, singular, kind, shortNames = [] } = servedNames(definition);
    if (![plural, singular, kind.toLowerCase(), ...shortNames].includes(wanted)) continue;
    if (group.length > 0 && definition.spec.group !== group.join('.')) continue;
    const preferred = servedVersions(definition)[0];
    if (preferred !== undefined && isEstablished(definition)) return resourceTypeOf(definition, preferred.name);
  }
  return undefined;
}

/** None for whoever may not list them. */
async function definitions(client: Pick<Client, 'list'>): Promise<readonly CustomResourceDefinition[]> {
  try {
    return (await client.list(CUSTOM_RESOURCE_DEFINITIONS)).items;
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error;
    return [];
  }
}

/** What the server serves under this word. The definitions are asked for only where nothing built in has the name. */
export async function resourceOfWord(word: string, client: Pick<Client, 'list'>): Promise<ResourceType> {
  const builtIn = builtInOfWord(word);
  if (builtIn !== undefined) return builtIn;
  const items = await definitions(client);
  // `deployments.v1.apps`, `events.events.k8s.io`: another version or group of what is built in.
  const found = definedByWord(word, items) ?? builtInOfWord(word.split('.', 1)[0] ?? '');
  if (found !== undefined) return found;
  const names = [...RESOURCES.map(({ plural }) => plural), ...items.map(({ metadata }) => metadata.name)];
  throw new CliError(`"${plain(word)}" is not served here`, { hint: `There are: ${names.join(', ')}`, exitCode: 2 });
}
