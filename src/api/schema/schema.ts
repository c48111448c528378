/**
 * The shape of a value, with all that merging, applying, defaulting and validating need to know.
 * Facts come from Kubernetes' OpenAPI v1.32; see shapes.ts.
 */
export interface Schema {
  readonly type:
    | 'object'
    | 'map'
    | 'array'
    | 'string'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'any'
    | 'int-or-string'
    | 'quantity';
  /** Type `object`: the known fields. */
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Type `array`. */
  readonly items?: Schema;
  /** Type `map`: the schema of every value. */
  readonly values?: Schema;
  /** `int32`, `int64`, `byte`, `date-time` … */
  readonly format?: string;
  readonly enum?: readonly string[];
  /** Server-side apply. Arrays are `atomic`, maps and objects `granular` when absent. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  /** Strategic merge patch. Absent: `replace`. */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
  /** Value of a list-map key that is left out (protocol: TCP). */
  readonly default?: unknown;
  /** Type `object`: unknown fields are kept. */
  readonly preserveUnknown?: boolean;
}

/** One thing wrong with an object, at a field path such as `spec.containers[0].image`. */
export interface FieldIssue {
  /** Words of Kubernetes' field errors: `FieldValueRequired`, `FieldValueInvalid`, `FieldValueNotSupported`, `FieldValueForbidden`, `FieldValueTypeInvalid`, `FieldValueDuplicate`, `FieldValueTooLong`, `FieldValueNotFound`. */
  readonly reason: string;
  readonly path: string;
  /** As kubectl shows it: `Required value`, `Invalid value: "x": must be …`. */
  readonly message: string;
}
