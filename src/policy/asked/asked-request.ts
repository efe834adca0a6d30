import { type OpenedHead, openHead } from '../../openapi/index.ts';
import { UNREADABLE } from '../../rules/index.ts';
import type { Exchange } from '../exchange.ts';

/** What stands for a part that has not come yet. */
const NOT_YET: unique symbol = Symbol('not yet');

/** Where of a request its body is collected later, or is there. */
interface Coming {
  /** Whether the body is still to come: then reading it gives no value, and `missed` says so. */
  readonly body: 'later' | 'there';
}

const BODY_THERE: Coming = { body: 'there' };

/** A request while conditions are asked of it. What of it they name is opened once. */
export class AskedRequest {
  readonly exchange: Exchange;
  /** The method as a condition reads it; GET in the place of a HEAD where it is asked of what that stands for. */
  method: string;
  readonly #readMessage: (() => unknown) | null;
  readonly #coming: Coming;
  #head: OpenedHead | null = null;
  #message: unknown = undefined;
  #response: unknown = NOT_YET;
  #item: unknown = NOT_YET;
  #owner: unknown = NOT_YET;
  #missed = false;

  /** `readMessage`: what a call of gRPC holds in the place of a body; undefined where nobody can tell. */
  constructor(exchange: Exchange, readMessage: (() => unknown) | null = null, coming: Coming = BODY_THERE) {
    this.exchange = exchange;
    this.method = exchange.request.method;
    this.#readMessage = readMessage;
    this.#coming = coming;
  }

  /** Whether there is a body to read; asking while it is still to come counts as missing it. */
  get hasBody(): boolean {
    if (this.#coming.body === 'later') this.#missed = true;
    return this.#coming.body === 'there';
  }

  get message(): unknown {
    if (this.#message === undefined) this.#message = this.#readMessage?.() ?? UNREADABLE;
    return this.#message;
  }

  get head(): OpenedHead {
    const { params, request } = this.exchange;
    return (this.#head ??= openHead(params, request));
  }

  /** The body of the reply, as it was parsed; until it is there, reading it gives no value, and `missed` says so. */
  get response(): unknown {
    return this.#later(this.#response);
  }

  set response(value: unknown) {
    this.#response = value;
  }

  /** The element of a list of the reply that is being judged; until there is one, as `response`. */
  get item(): unknown {
    return this.#later(this.#item);
  }

  set item(value: unknown) {
    this.#item = value;
  }

  /** What the owner service says of the object; until it has been asked, as `response`. */
  get owner(): unknown {
    return this.#later(this.#owner);
  }

  set owner(value: unknown) {
    this.#owner = value;
  }

  /** Whether something was asked for before it was there: then what could not be worked out may be when it is. */
  get missed(): boolean {
    return this.#missed;
  }

  #later(value: unknown): unknown {
    if (value !== NOT_YET) return value;
    this.#missed = true;
    return UNREADABLE;
  }
}
