/** The few shapes of libnftables-json(5) that we send. Values come from addresses, numbers and names of ours only. */
export type NftValue = string | number | boolean | null | readonly NftValue[] | { readonly [key: string]: NftValue };
export type NftStatement = { readonly [key: string]: NftValue };
export type NftCommand = {
  readonly [verb in 'add' | 'create' | 'delete' | 'flush']?: { readonly [object: string]: NftStatement };
};

/** One element of a set (no `data`) or map. */
export interface NftElement {
  readonly key: readonly (string | number)[];
  readonly data?: string | number | { readonly goto: { readonly target: string } };
}

export type MapName =
  | 'services'
  | 'backend-ip'
  | 'backend-port'
  | 'node-ports'
  | 'host-ports'
  | 'node-ip'
  | 'node-port'
  | 'hairpin';
