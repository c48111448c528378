import { RESOURCES, type ResourceType } from '#api';
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

/** The resource behind a word such as `pod`, `deploy`, `Service` or `deployments.apps`. */
export function resourceOfWord(word: string): ResourceType {
  const wanted = word.toLowerCase().split('.')[0] ?? '';
  const plural = SHORT[wanted] ?? wanted;
  const found = RESOURCES.find((resource) => resource.plural === plural || resource.kind.toLowerCase() === plural);
  if (found !== undefined) return found;
  throw new CliError(`"${word}" is not served here`, {
    hint: `There are: ${RESOURCES.map((resource) => resource.plural).join(', ')}`,
    exitCode: 2,
  });
}
