import type { PreparedFile } from '#render';

export interface RenderQuestion {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly defaultNamespace: string;
}

export interface RenderAnswer {
  readonly id: number;
  readonly prepared: PreparedFile;
}
