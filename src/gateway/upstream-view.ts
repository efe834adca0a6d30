import type { FieldValues } from '../cache/index.ts';
import type { HeaderFields } from '../wire/index.ts';
import { IDENTITY_FIELDS } from '../policy/index.ts';
import type { Walk } from './walk.ts';

/** Conditions of the client's own, which are answered here and don't go upstream while a reply is fetched to be stored. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);
const NONE: readonly string[] = [];

/**
 * The fields of a request as its upstream gets them, for whoever compares what a reply was chosen by (RFC 9111 §4.1):
 * the client's without what was taken out, with what steps added, and with what the gateway says of the connection and
 * of the caller. Credentials are there even where they don't go on, since what is chosen by them is chosen by the caller.
 */
export class UpstreamView implements FieldValues {
  readonly #walk: Walk;
  readonly #fields: HeaderFields;
  /** Whether cookies are left out of account. */
  readonly #withoutCookies: boolean;

  constructor(walk: Walk, withoutCookies: boolean) {
    this.#walk = walk;
    this.#fields = walk.request.headers as HeaderFields;
    this.#withoutCookies = withoutCookies;
  }

  has(name: string): boolean {
    if (this.#walk.edited === null && !this.#fields.has(name)) return this.#ownValue(name) !== null;
    return this.get(name) !== null;
  }

  get(name: string): string | null {
    const values = this.#all(name);
    return values.length === 0 ? null : values.join(', ');
  }

  #all(name: string): readonly string[] {
    const own = this.#ownValue(name);
    if (own !== null) return [own];
    if (name === 'cookie' && this.#withoutCookies) return NONE;
    if (OWN_CONDITIONS.has(name) || name === 'authorization') return this.#fields.all(name);
    const values: string[] = [];
    if (this.#fields.has(name)) for (const [each, value] of this.#fields.kept()) if (each === name) values.push(value);
    const added = this.#walk.edited === null ? NONE : this.#walk.edited.added;
    for (let at = 0; at < added.length; at += 2) if (added[at] === name) values.push(added[at + 1] as string);
    return values;
  }

  /** What the gateway says under a name that nobody else may write; null where it is none of those. */
  #ownValue(name: string): string | null {
    if (!name.startsWith('x-')) return null;
    const { callerTexts, request } = this.#walk;
    if (name === 'x-forwarded-proto') return request.peer.tls === null ? 'http' : 'https';
    if (name === 'x-forwarded-host') return request.port === null ? request.host : `${request.host}:${request.port}`;
    // All of what is said of the caller: it holds each of them, so that no two callers who differ in one are alike.
    if (callerTexts !== null && (IDENTITY_FIELDS as readonly string[]).includes(name)) return callerTexts.closing;
    return null;
  }
}
