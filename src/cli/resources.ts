import { RESOURCES, type ResourceType } from '#api';
import { CliError } from './errors.ts';

/** Short names people type, as kubectl knows them. */
const SHORT: Readonly<Record<string, string>> = {
  ns: 'namespaces',
  no: 'nodes',
  po: 'pods',
  svc: 'services',
  cm: 'configmaps',
  sa: 'serviceaccounts',
  ev: 'events',
  rs: 'replicasets',
  deploy: 'deployments',
  app: 'applications',
  apps: 'applications',
};

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
