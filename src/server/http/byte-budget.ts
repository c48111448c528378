import { ApiError } from '#api';

export interface ByteHold {
  /** Counts bytes that are kept from now on; throws `TooManyRequests` when all together would be too many. */
  readonly take: (bytes: number) => void;
  /** Gives back all that was taken. */
  readonly release: () => void;
}

/** Bounds the bytes of all request bodies held in memory at once. */
export class ByteBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  open(): ByteHold {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.#limit) {
          throw new ApiError('TooManyRequests', 'the server holds too many request bodies, please try again later');
        }
        this.#held += bytes;
        own += bytes;
      },
      release: () => {
        this.#held -= own;
        own = 0;
      },
    };
  }
}
