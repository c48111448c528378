/** Named limits of the audit log. Source: the k3s hardening guide's 100 MB of ten files, with smaller files. */
export const auditLimits = {
  /** A file is closed once it has this many bytes. */
  fileBytes: 10 * 1024 * 1024,
  /** Closed files that are kept; older ones go. */
  files: 10,
  /** Bytes of events not yet written; events beyond are counted and lost. */
  queueBytes: 4 * 1024 * 1024,
  /** Refused strangers noted in a minute, so that nobody without a credential can push out what is kept. */
  strangersPerMinute: 60,
} as const;
