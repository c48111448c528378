import {
  type ApplicationSet,
  type ApplicationSetSpec,
  applyMergePatch,
  type Json,
  type KubeObject,
  parseYamlValues,
} from '#api';
import {
  fill,
  type GeneratorContext,
  type GeneratorNeed,
  GeneratorProblem,
  type GeneratorWorld,
  MAX_PARAMETER_SETS,
  objectOf,
  type ParameterSet,
  parametersOf,
} from './generators.ts';
import { isObject, type JsonObject } from './json.ts';

/** What an ApplicationSet comes to. Three-valued: what it makes, be it nothing; what must be known first; or why it cannot be told. */
export type Generated =
  | { readonly type: 'generated'; readonly applications: readonly KubeObject[] }
  | { readonly type: 'needs'; readonly needs: readonly GeneratorNeed[] }
  | { readonly type: 'failed'; readonly message: string };

/** Added to Applications that are to take along what they made. Source: argo-cd, ResourcesFinalizerName. */
const CASCADE_FINALIZER = 'resources-finalizer.argocd.argoproj.io';
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** The Applications that an ApplicationSet makes, by name. Pure; what templates may spend is limited. */
export function generateApplications(
  { metadata, spec }: Pick<ApplicationSet, 'metadata' | 'spec'>,
  world: GeneratorWorld,
): Generated {
  const needs: GeneratorNeed[] = [];
  const context: GeneratorContext = {
    world,
    goTemplate: spec.goTemplate === true,
    goTemplateOptions: spec.goTemplateOptions ?? [],
    needs,
  };
  try {
    const sets = spec.generators.flatMap((generator, index) =>
      parametersOf(context, generator as JsonObject, `spec.generators[${index}]`),
    );
    if (needs.length > 0) return { type: 'needs', needs };
    if (sets.length > MAX_PARAMETER_SETS) {
      return { type: 'failed', message: `it would make ${sets.length} Applications, more than ${MAX_PARAMETER_SETS}` };
    }
    const applications = makeAll(context, spec, metadata.namespace ?? '', sets);
    return { type: 'generated', applications: onlyOnce(applications) };
  } catch (error) {
    // What is not known yet may be what is missing.
    if (error instanceof GeneratorProblem)
      return needs.length > 0 ? { type: 'needs', needs } : { type: 'failed', message: error.message };
    throw error;
  }
}

function makeAll(
  context: GeneratorContext,
  spec: ApplicationSetSpec,
  namespace: string,
  sets: readonly ParameterSet[],
): readonly KubeObject[] {
  const template = spec.template as unknown as JsonObject;
  const filled = fill(
    context,
    sets.map((set) => ({
      value: set.template === undefined ? template : overlaid(template, set.template),
      parameters: set.parameters,
    })),
  );
  const patches = spec.templatePatch === undefined ? undefined : fillPatches(context, spec.templatePatch, sets);
  return filled.map((value, index) => {
    const made = objectOf(value, 'spec.template');
    const patch = patches?.[index];
    return application(
      patch === undefined ? made : objectOf(applyMergePatch(made, patch), 'spec.templatePatch'),
      spec,
      namespace,
    );
  });
}

function fillPatches(
  context: GeneratorContext,
  text: string,
  sets: readonly ParameterSet[],
): readonly (Json | undefined)[] {
  const texts = fill(
    context,
    sets.map(({ parameters }) => ({ value: text, parameters })),
  );
  return texts.map((filled) => {
    const read = parseYamlValues(String(filled));
    if ('problem' in read)
      throw new GeneratorProblem(`spec.templatePatch:${read.problem.line}: ${read.problem.message}`);
    const [first, ...more] = read.values;
    if (more.length > 0) throw new GeneratorProblem('spec.templatePatch: must be one document');
    if (first === undefined || first.value === null) return undefined;
    return objectOf(first.value, 'spec.templatePatch');
  });
}

/** The template of a generator on top of the common one: what it names wins, the rest stays. Source: argo-cd applicationset/generators/interface.go (v3.0). */
function overlaid(under: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    if (isObject(below) && isObject(value)) merged[name] = overlaid(below, value);
    else if (!isEmpty(value)) merged[name] = value;
  }
  return merged;
}

const isEmpty = (value: Json) => value === '' || value === null || (Array.isArray(value) && value.length === 0);

function application(
  { metadata, spec }: JsonObject,
  { syncPolicy }: ApplicationSetSpec,
  namespace: string,
): KubeObject {
  const fields = isObject(metadata) ? metadata : {};
  const name = fields['name'];
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new GeneratorProblem(`spec.template.metadata.name: "${String(name)}" is not a valid name of an Application`);
  }
  const { labels, annotations, finalizers } = fields;
  const keeps = syncPolicy?.preserveResourcesOnDeletion === true;
  const own = Array.isArray(finalizers) && finalizers.length > 0 ? finalizers : keeps ? [] : [CASCADE_FINALIZER];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name,
      namespace,
      ...(isObject(labels) ? { labels: textMap(labels, 'labels') } : {}),
      ...(isObject(annotations) ? { annotations: textMap(annotations, 'annotations') } : {}),
      ...(own.length === 0 ? {} : { finalizers: own.map(String) }),
    },
    spec: objectOf(spec, 'spec.template.spec'),
  };
}

function textMap(values: JsonObject, name: string): Record<string, string> {
  const entries = Object.entries(values).map(([key, value]) => {
    if (typeof value !== 'string') throw new GeneratorProblem(`spec.template.metadata.${name}.${key}: must be a text`);
    return [key, value] as const;
  });
  return Object.fromEntries(entries);
}

function onlyOnce(applications: readonly KubeObject[]): readonly KubeObject[] {
  const names = new Set<string>();
  for (const { metadata } of applications) {
    const name = metadata.name ?? '';
    if (names.has(name)) throw new GeneratorProblem(`two sets of parameters make an Application named "${name}"`);
    names.add(name);
  }
  return applications;
}
