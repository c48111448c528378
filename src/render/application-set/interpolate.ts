import type { Json } from '#api';
import { helmFunctions } from '../helm/index.ts';
import {
  define,
  fromJson,
  type GoFunction,
  RenderError,
  type TemplateLimits,
  Templates,
  type Value,
} from '../template/index.ts';
import type { JsonObject } from './json.ts';
import { normalizeName, slugify } from './names.ts';

/** Texts with gaps, and what fills them. */
export interface Interpolation {
  /** Go's templates, instead of `{{name}}` alone. */
  readonly goTemplate: boolean;
  /** As text/template's `Option`: `missingkey=error`. */
  readonly goTemplateOptions: readonly string[];
  /** Each value with its parameters; every text inside of the value is a template, keys of objects too. */
  readonly jobs: readonly { readonly value: Json; readonly parameters: JsonObject }[];
}

export type Interpolated =
  | { readonly type: 'filled'; readonly values: readonly Json[] }
  | { readonly type: 'failed'; readonly message: string };

/** What the templates of one ApplicationSet may spend. */
export const applicationSetTemplateLimits: TemplateLimits = { steps: 2_000_000, depth: 50, bytes: 16_777_216 };

/** Fills every text of every job. Pure. A template that cannot be filled is a message, with the parameters that it was for. */
export function interpolate({ goTemplate, goTemplateOptions, jobs }: Interpolation): Interpolated {
  const unknown = goTemplateOptions.filter((option) => !OPTIONS.has(option));
  if (unknown.length > 0) return { type: 'failed', message: `goTemplateOptions: unknown option "${unknown[0]}"` };
  const isStrict = goTemplateOptions.includes('missingkey=error');
  const filler = goTemplate ? new GoFiller(isStrict) : undefined;
  try {
    const values = jobs.map(({ value, parameters }) => {
      const fill = filler === undefined ? plainFiller(parameters) : filler.with(parameters);
      return walk(value, fill);
    });
    return { type: 'filled', values };
  } catch (error) {
    if (error instanceof RenderError) return { type: 'failed', message: error.message };
    throw error;
  }
}

const OPTIONS = new Set(['missingkey=default', 'missingkey=zero', 'missingkey=invalid', 'missingkey=error']);

function walk(value: Json, fill: (text: string) => string): Json {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => walk(item, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [fill(key), walk(inner, fill)]));
}

/** `{{ name }}` is the parameter of that name; one that is not there stays as it stands. Source: argo-cd applicationset/utils/utils.go (v3.0). */
function plainFiller(parameters: JsonObject): (text: string) => string {
  return (text) =>
    text.replaceAll(/\{\{([^{}]*)\}\}/g, (whole, name: string) => {
      const value = parameters[name.trim()];
      return typeof value === 'string' ? value : whole;
    });
}

/** Functions that Argo CD adds to those of charts, or takes away. Source: argo-cd applicationset/utils/utils.go (v3.0). */
const OWN: Readonly<Record<string, GoFunction>> = {
  normalize: define('string', (_, text) => normalizeName(text)),
  slugify: define('any...', (_, ...values) => slugify(values)),
};
const TAKEN = ['env', 'expandenv', 'getHostByName', 'include', 'tpl', 'required', 'lookup'];

class GoFiller {
  readonly #templates: Templates;
  /** Each template is read once, however many parameters fill it; errors name it by its text. */
  readonly #read = new Set<string>();

  constructor(isStrict: boolean) {
    const functions = new Map([...helmFunctions({ seed: '', nowMs: 0 }), ...Object.entries(OWN)]);
    for (const name of TAKEN) functions.delete(name);
    this.#templates = new Templates(functions, {
      limits: applicationSetTemplateLimits,
      failsOnMissingKey: isStrict,
    });
  }

  with(parameters: JsonObject): (text: string) => string {
    const data: Value = fromJson(parameters);
    return (text) => {
      if (!text.includes('{{')) return text;
      if (!this.#read.has(text)) {
        this.#read.add(text);
        this.#templates.add(text, { name: text, path: 'spec.template' });
      }
      return this.#templates.render(text, data).text;
    };
  }
}
