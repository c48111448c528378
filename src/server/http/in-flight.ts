import type { EventEmitter } from 'node:events';
import { ApiError } from '#api';
import { httpLimits } from './limits.ts';

/** What a server is working on now. */
export interface HttpFigures {
  readonly requests: number;
  /** Watches, followed logs, agents' connections and what is proxied. */
  readonly streams: number;
}

/** Counts what the server is working on and refuses more than it can bear. */
export class InFlight {
  #requests = 0;
  #streams = 0;

  get figures(): HttpFigures {
    return { requests: this.#requests, streams: this.#streams };
  }

  /** Lets a request in, or throws `TooManyRequests`. A stream counts until its response closes, a request until `release`. */
  enter(response: EventEmitter, stream: boolean): () => void {
    if (stream) {
      if (this.#streams >= httpLimits.streams) throw tooMany();
      this.#streams += 1;
      response.once('close', () => {
        this.#streams -= 1;
      });
      return () => undefined;
    }
    if (this.#requests >= httpLimits.requestsInFlight) throw tooMany();
    this.#requests += 1;
    return () => {
      this.#requests -= 1;
    };
  }
}

function tooMany(): ApiError {
  return new ApiError('TooManyRequests', 'the server is at its limit of requests, please try again later');
}
