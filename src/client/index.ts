/** The API as callers see it, wherever the server is. */
export type {
  ApplyOptions,
  Client,
  DeleteOptions,
  ListOptions,
  LogOptions,
  NamespacedName,
  PatchType,
  ReadOptions,
  SubresourceOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
