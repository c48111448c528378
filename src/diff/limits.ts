/** Fields told per object; more say nothing more. */
export const MAX_DRIFT_FIELDS = 100;
/** Longest value shown in a field's drift, in characters of JSON. */
export const MAX_VALUE_LENGTH = 1024;
/** Lines that an object's YAML may have to be compared line by line. */
export const MAX_DIFF_LINES = 20_000;
/** Edits that are looked for in one object's YAML; beyond, the whole text counts as changed. */
export const MAX_DIFF_EDITS = 2000;
