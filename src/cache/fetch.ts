import { err, ok, type Result } from '../base/index.ts';
import { validates } from './conditional.ts';
import { Entry } from './entry.ts';
import type { EntryStore } from './entry-store.ts';
import { Filling } from './filling.ts';
import { readHttpDate } from './http-date.ts';
import { isTooLong } from './key.ts';
import type { CacheMemory } from './memory.ts';
import { judgeReply, refusalOfRequest } from './storable.ts';
import { fieldsOf, storedFields, updatedFields } from './stored-fields.ts';
import type {
  CacheKey,
  CacheRequest,
  CacheRules,
  FieldList,
  Fields,
  NotStored,
  ReplyTimes,
  Stored,
  StoredHead,
  Usage,
} from './types.ts';

/** Makes the head that is sent from what is stored: status and fields, without those that concern one connection only. */
export type MakeHead<H extends StoredHead> = (status: number, fields: FieldList) => H;

/** What fetches of one cache share. */
export interface FetchHost<H extends StoredHead> {
  readonly store: EntryStore<H>;
  readonly memory: CacheMemory;
  readonly makeHead: MakeHead<H>;
  /** By place. */
  readonly underWay: Map<string, Set<Fetch<H>>>;
}

/** What is fetched. */
interface Fetched {
  readonly key: CacheKey;
  readonly request: CacheRequest;
  readonly rules: CacheRules;
  readonly requestedAtMs: number;
}

/** When a reply's head came: on the monotonic clock, and the time of day. */
export type HeadTimes = Omit<ReplyTimes, 'requestedAtMs'>;

/** The head of a reply whose body is still coming. */
interface Begun<H> {
  readonly head: H;
  readonly usage: Usage;
  readonly lengthBytes: number | null;
  readonly filling: Filling;
}

/**
 * One fetch of what may be stored: its head, its body in pieces, its end. Nothing is stored before `finish`, and nothing
 * where it doesn't come to that; whoever makes one sees to it that it is finished or abandoned.
 */
export class Fetch<H extends StoredHead> {
  readonly #host: FetchHost<H>;
  readonly #fetched: Fetched;
  #begun: Begun<H> | null = null;
  #lost: NotStored | null;

  constructor(host: FetchHost<H>, fetched: Fetched) {
    this.#host = host;
    this.#fetched = fetched;
    this.#lost = isTooLong(fetched.key) ? 'key-too-long' : null;
    const { place } = fetched.key;
    const others = host.underWay.get(place);
    if (others === undefined) host.underWay.set(place, new Set([this]));
    else others.add(this);
  }

  /**
   * The reply's head, and whether it is stored when its body has come. `lengthBytes` is what it says of its body's
   * length, or null. A reply to HEAD is not stored, but may show that what is stored no longer holds (RFC 9111 §4.3.5).
   */
  head(status: number, fields: Fields, times: HeadTimes, lengthBytes: number | null): Result<null, NotStored> {
    if (this.#lost !== null) return err(this.#lost);
    const { request, rules, requestedAtMs } = this.#fetched;
    if (request.method === 'HEAD') this.#compare(status, fields);
    const judged = judgeReply({ request, rules, status, fields, times: { ...times, requestedAtMs } });
    if (!judged.ok) {
      if (contradicts(status, judged.error) && refusalOfRequest(request) === null) this.#forgetFormer();
      return this.#lose(judged.error);
    }
    if (lengthBytes !== null && lengthBytes > rules.bodyLimitBytes) return this.#lose('too-large');
    const head = this.#host.makeHead(status, storedFields(fields, unreadDate(fields, times)));
    const filling = new Filling(this.#host.memory, lengthBytes ?? rules.bodyLimitBytes);
    this.#begun = { head, usage: judged.value, lengthBytes, filling };
    return ok(null);
  }

  /** The upstream has said that what it gave before is not to be given any more (RFC 9111 §4.3.3). */
  #forgetFormer(): void {
    const { key, request, requestedAtMs } = this.#fetched;
    const { store } = this.#host;
    const entry = store.select(store.variants(key) ?? [], request.fields);
    if (entry !== null && entry.usage.requestedAtMs <= requestedAtMs) store.remove(entry);
  }

  #compare(status: number, fields: Fields): void {
    const { key, request } = this.#fetched;
    const { store } = this.#host;
    const entry = store.select(store.variants(key) ?? [], request.fields);
    if (entry === null || status !== entry.head.status) return;
    const differs = (name: string): boolean => fields.has(name) && fields.get(name) !== entry.head.fields.get(name);
    const length = fields.get('content-length');
    if (differs('etag') || differs('last-modified') || (length !== null && length !== String(entry.body.length)))
      store.remove(entry);
  }

  /** Why nothing is stored any more; null while something may be. */
  get lost(): NotStored | null {
    return this.#lost;
  }

  /** The next of the body, which is copied. False where nothing is stored after all. */
  write(piece: Buffer | string): boolean {
    if (this.#begun === null) return false;
    const added = this.#begun.filling.add(piece);
    if (added === 'added') return true;
    this.#lose(added);
    return false;
  }

  /** The body stands still for now: where others have no room, they have its room. */
  mayGiveWay(): void {
    this.#begun?.filling.mayGiveWay();
  }

  /** The whole body has come, as its framing says. */
  finish(): Result<Stored<H>, NotStored> {
    const begun = this.#begun;
    if (begun === null) return this.#lose('incomplete');
    const { head, usage, lengthBytes, filling } = begun;
    if (filling.isLost) return this.#lose('no-room');
    if (lengthBytes !== null && lengthBytes !== filling.length) return this.#lose('incomplete');
    const body = filling.take();
    const { key, request } = this.#fetched;
    const entry = new Entry(key, head, body, usage);
    const refused = this.#host.store.put(entry, request.fields);
    this.#lose('incomplete');
    return refused === null ? ok(entry) : err(refused);
  }

  /**
   * The upstream has said 304 to a request with `validators(stored)`: gives what is stored with the fields of that, to be
   * served, and keeps it where it may still be stored. Null where it speaks of something else, and must not be used
   * (RFC 9111 §4.3.4).
   */
  notModified(stored: Stored<H>, fields: Fields, times: HeadTimes): Stored<H> | null {
    const mayStore = this.#lost === null;
    this.#lose('incomplete');
    if (!validates(fields, stored.head.fields)) return null;
    const dateMs = unreadDate(fields, times);
    const head = this.#host.makeHead(stored.head.status, updatedFields(stored.head.fields, fields, dateMs));
    const usage = this.#judgeUpdate(head, fields, times);
    const entry = new Entry(this.#fetched.key, head, stored.body, usage.ok ? usage.value : stored.usage);
    if (mayStore) this.#update(stored, entry, usage.ok);
    return entry;
  }

  /** The method of the request doesn't matter, since it is the reply to a GET that was validated. */
  #judgeUpdate({ status, fields }: H, update: Fields, times: HeadTimes): Result<Usage, NotStored> {
    const { request, rules, requestedAtMs } = this.#fetched;
    const age = update.get('age');
    const judged = fieldsOf(age === null ? [...fields.entries()] : [...fields.entries(), ['age', age]]);
    return judgeReply({
      request: { ...request, method: 'GET' },
      rules,
      status,
      fields: judged,
      times: { ...times, requestedAtMs },
    });
  }

  #update(stored: Stored<H>, entry: Entry<H>, isStorable: boolean): void {
    const { request } = this.#fetched;
    const { store } = this.#host;
    if (isStorable) store.put(entry, request.fields);
    // What a client forbids to store of its own request takes nothing from the others.
    else if (refusalOfRequest({ ...request, method: 'GET' }) === null) store.remove(stored as Entry<H>);
  }

  /** Nothing is stored. To be called on every way out but `finish`; does nothing behind it. */
  abandon(): void {
    this.#lose('incomplete');
  }

  /** What it fetches may have been made before something changed it. */
  invalidate(): void {
    this.#lose('invalidated');
  }

  #lose(why: NotStored): { readonly ok: false; readonly error: NotStored } {
    this.#lost ??= why;
    this.#begun?.filling.drop();
    this.#begun = null;
    const { place } = this.#fetched.key;
    const others = this.#host.underWay.get(place);
    others?.delete(this);
    if (others?.size === 0) this.#host.underWay.delete(place);
    return err(this.#lost);
  }
}

/** Statuses by which a resource is no longer there, or no longer for whoever asks. */
const WITHDRAWN: ReadonlySet<number> = new Set([401, 403, 404, 410, 451]);

/** Whether a reply that is not stored leaves no good what was stored before: a failure, or one for want of room, does not. */
function contradicts(status: number, why: NotStored): boolean {
  return WITHDRAWN.has(status) || (status < 400 && (why === 'no-store' || why === 'private'));
}

/** When a reply came, where it has no Date that can be read; else null. */
function unreadDate(fields: Fields, { wallMs }: HeadTimes): number | null {
  const date = fields.get('date');
  return date !== null && readHttpDate(date, wallMs) !== null ? null : wallMs;
}
