/**
 * The rules of names. Each answers what is wrong, in Kubernetes' words, or undefined.
 * Source: apimachinery pkg/util/validation/validation.go (v0.32).
 */
import { isLabelValue, isQualifiedName } from '../values/selector.ts';

export type Rule = (value: string) => string | undefined;

/** Longest names, in characters; all that match are ASCII. Source: RFC 1123 and 1035. */
const MAX_SUBDOMAIN = 253;
const MAX_LABEL = 63;

const tooLongName = (max: number) => `must be no more than ${max} characters`;

const LABEL_1123 = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;

export const dns1123Label: Rule = (value) => {
  if (value.length > MAX_LABEL) return tooLongName(MAX_LABEL);
  if (LABEL_1123.test(value)) return undefined;
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
};

export const dns1123Subdomain: Rule = (value) => {
  if (value.length > MAX_SUBDOMAIN) return tooLongName(MAX_SUBDOMAIN);
  if (value.split('.').every((part) => LABEL_1123.test(part))) return undefined;
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
};

/** `*.example.com`. */
export const wildcardSubdomain: Rule = (value) => {
  if (value.startsWith('*.') && value.length <= MAX_SUBDOMAIN && dns1123Subdomain(value.slice(2)) === undefined) {
    return undefined;
  }
  if (value.length > MAX_SUBDOMAIN) return tooLongName(MAX_SUBDOMAIN);
  return "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
};

/** Anything that is one part of a URL's path, such as `system:node`. Source: apimachinery pkg/api/validation/path/name.go (v0.32). */
export const pathSegment: Rule = (value) => {
  if (value === '.' || value === '..') return `may not be '${value}'`;
  const wrong = ['/', '%'].filter((each) => value.includes(each)).map((each) => `may not contain '${each}'`);
  return wrong.length === 0 ? undefined : wrong.join(', ');
};

export const dns1035Label: Rule = (value) => {
  if (value.length > MAX_LABEL) return tooLongName(MAX_LABEL);
  if (LABEL_1035.test(value)) return undefined;
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
};

export const labelValue: Rule = (value) => {
  if (isLabelValue(value)) return undefined;
  if (value.length > MAX_LABEL) return tooLongName(MAX_LABEL);
  return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
};

/** `name` or `dns.prefix/name`: keys of labels, annotations, taints, resources. */
export const qualifiedName: Rule = (value) => {
  if (isQualifiedName(value)) return undefined;
  const slash = value.indexOf('/');
  const prefix = slash < 0 ? undefined : value.slice(0, slash);
  const name = value.slice(slash + 1);
  if (prefix === '') return 'prefix part must be non-empty';
  if (name === '') return 'name part must be non-empty';
  if (name.length > MAX_LABEL) return `name part ${tooLongName(MAX_LABEL)}`;
  const wrongPrefix = prefix === undefined ? undefined : dns1123Subdomain(prefix);
  if (wrongPrefix !== undefined) return `prefix part ${wrongPrefix}`;
  return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
};

/** A key of a ConfigMap or Secret: it may become the name of a file. */
export const configKey: Rule = (value) => {
  if (value.length > MAX_SUBDOMAIN) return tooLongName(MAX_SUBDOMAIN);
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  }
  if (value === '.') return "must not be '.'";
  if (value === '..') return "must not be '..'";
  return value.startsWith('..') ? "must not start with '..'" : undefined;
};

/** The relaxed rule, which v1.32 has on by default. */
export const environmentName: Rule = (value) =>
  /^[ -<>-~]+$/.test(value)
    ? undefined
    : "a valid environment variable name must consist only of printable ASCII characters other than '='";

/** IANA service name: what a container port may be called. */
export const portName: Rule = (value) => {
  if (value.length > 15) return tooLongName(15);
  if (!/^[-a-z0-9]+$/.test(value)) return 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  if (!/[a-z]/.test(value)) return 'must contain at least one letter (a-z)';
  if (value.includes('--')) return 'must not contain consecutive hyphens';
  return /^-|-$/.test(value) ? 'must not begin or end with a hyphen' : undefined;
};

export const portNumber = (value: number): string | undefined =>
  Number.isInteger(value) && value >= 1 && value <= 65_535 ? undefined : 'must be between 1 and 65535, inclusive';

export const notNegative = (value: number): string | undefined =>
  value >= 0 ? undefined : 'must be greater than or equal to 0';

export const percentage: Rule = (value) =>
  /^[0-9]{1,9}%$/.test(value)
    ? undefined
    : "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A path that may not climb. */
export const noUpwards: Rule = (value) => (value.split('/').includes('..') ? "must not contain '..'" : undefined);

/** `acme.io/foo`. Source: apimachinery pkg/util/validation/validation.go, IsDomainPrefixedPath (v0.32). */
export const domainPrefixedPath: Rule = (value) => {
  const slash = value.indexOf('/');
  if (slash <= 0 || slash === value.length - 1) return 'must be a domain-prefixed path (such as "acme.io/foo")';
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(value.slice(slash + 1))) {
    return "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
  }
  return dns1123Subdomain(value.slice(0, slash));
};

/** A path below some folder that may not lead out of it. */
export const pathInside: Rule = (value) => {
  if (value.startsWith('/')) return 'must be a relative path';
  return value.split('/').includes('..') ? "must not contain '..'" : undefined;
};
