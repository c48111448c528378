/** What one YAML text may cost before it is refused. */
export interface YamlLimits {
  /** Size of the text in UTF-8. */
  readonly maxBytes: number;
  /** Values of the whole text, keys and expanded aliases counted. */
  readonly maxNodes: number;
  /** Levels of lists and maps. Source: apimachinery's limit for JSON and YAML bodies is of the same order. */
  readonly maxDepth: number;
  readonly maxDocuments: number;
}

/** Levels of nesting that any body or manifest may have; the deepest built-in kind needs fewer than 20. */
export const MAX_DEPTH = 100;

/** One file of a Git repository. */
export const manifestLimits: YamlLimits = {
  maxBytes: 1024 * 1024,
  maxNodes: 200_000,
  maxDepth: MAX_DEPTH,
  maxDocuments: 5000,
};

/** One request body. Source: apiserver's limit for request bodies, 3 MiB (v0.32). */
export const bodyLimits: YamlLimits = { ...manifestLimits, maxBytes: 3 * 1024 * 1024, maxDocuments: 1 };
