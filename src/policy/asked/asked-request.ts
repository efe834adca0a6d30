import { type OpenedHead, openHead } from '../../openapi/index.ts';
import { UNREADABLE } from '../../rules/index.ts';
import type { Exchange } from '../exchange.ts';

/** What stands for a reply that has not come yet. */
const NOT_YET: unique symbol = Symbol('not yet');

/** A request while conditions are asked of it. What of it they name is opened once. */
export class AskedRequest {
  readonly exchange: Exchange;
  /** The element of a list that is being judged; undefined where none is. */
  item: unknown = undefined;
  readonly #readMessage: (() => unknown) | null;
  #head: OpenedHead | null = null;
  #message: unknown = undefined;
  #response: unknown = NOT_YET;
  #missed = false;

  /** `readMessage`: what a call of gRPC holds in the place of a body; undefined where nobody can tell. */
  constructor(exchange: Exchange, readMessage: (() => unknown) | null = null) {
    this.exchange = exchange;
    this.#readMessage = readMessage;
  }

  get message(): unknown {
    if (this.#message === undefined) this.#message = this.#readMessage?.() ?? UNREADABLE;
    return this.#message;
  }

  get head(): OpenedHead {
    const { params, request } = this.exchange;
    return (this.#head ??= openHead(params, request));
  }

  /** The body of the reply, as it was parsed; until it is there, reading it gives no value, and `missedResponse` says so. */
  get response(): unknown {
    if (this.#response !== NOT_YET) return this.#response;
    this.#missed = true;
    return UNREADABLE;
  }

  set response(value: unknown) {
    this.#response = value;
  }

  /** Whether the reply was asked for before it was there: then what could not be worked out may be when it is. */
  get missedResponse(): boolean {
    return this.#missed;
  }
}
