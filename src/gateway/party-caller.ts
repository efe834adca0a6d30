import { createHash } from 'node:crypto';
import type { Alerts, Clock, Timer } from '../ports/index.ts';
import {
  type CallClient,
  canonicalizeTarget,
  type HeaderFields,
  type ReplyHead,
  type TunnelEnds,
  type UpstreamCall,
  type UpstreamEvents,
  type UpstreamFailure,
  type WholeBody,
} from '../wire/index.ts';
import type { CompiledParty } from './compiled-party.ts';
import { isRedirect, type LedTo, methodBehind, readLocation } from './party-redirect.ts';
import { codingFault, isUntyped, lengthFault, typeFault } from './party-reply.ts';
import { partyRequest, redirectedRequest } from './party-request.ts';
import { SecretMask } from './secret-mask.ts';
import type { CompiledApi } from './snapshot.ts';
import type { RoutedRequest, UpstreamCaller } from './upstream-caller.ts';

/** What a third party is made of: itself, and where its redirects may lead, by what Host says of them. */
export interface PartyPlaces {
  readonly first: UpstreamCaller;
  readonly hosts: ReadonlyMap<string, UpstreamCaller>;
}

/** What a third party works with. */
export interface PartyPorts {
  readonly clock: Pick<Clock, 'after'>;
  readonly alerts: Alerts['raise'];
}

/** A third party among our APIs. */
export type PartyApi = CompiledApi & { readonly party: CompiledParty };

/** Whether an API is one of others. */
export function isParty(api: CompiledApi): api is PartyApi {
  return api.party !== null;
}

/**
 * Carries requests to an API of others, which nothing is believed of: it gets no more of a request than it must, and our
 * secrets; its reply is bounded in size, time and type, leads nowhere by itself, and shows no secret.
 */
export class PartyCaller implements UpstreamCaller {
  readonly places: PartyPlaces;
  #api: PartyApi;
  readonly #key: string;
  readonly #ports: PartyPorts;

  constructor(api: PartyApi, places: PartyPlaces, ports: PartyPorts) {
    this.#api = api;
    this.#key = keyOf(api);
    this.places = places;
    this.#ports = ports;
  }

  /** Goes on for the same third party in a later Snapshot; false where that is another, or somewhere else. */
  goesOnAs(api: PartyApi, { first, hosts }: PartyPlaces): boolean {
    const same = [...hosts].every(([name, caller]) => this.places.hosts.get(name) === caller);
    if (this.places.first !== first || !same || hosts.size !== this.places.hosts.size) return false;
    if (keyOf(api) !== this.#key) return false;
    this.#api = api;
    return true;
  }

  waitingShare(client: CallClient): number {
    return this.places.first.waitingShare(client);
  }

  call(request: RoutedRequest, events: UpstreamEvents, client: CallClient, atMs?: number): UpstreamCall {
    const call = new PartyCall(
      { api: this.#api, places: this.places, ports: this.#ports },
      { request, events, client },
    );
    call.begin(atMs);
    return call;
  }
}

/** All that is done to its calls, as text that changes with it. What may be called is asked of the Snapshot in force. */
function keyOf({ authority, basePath, upstream, party }: PartyApi): string {
  const { routes: _routes, hosts, secrets, ...bounds } = party;
  const written = secrets.map(({ place, name, text }) => [place, name, text]);
  return createHash('sha256')
    .update(JSON.stringify([authority, basePath, upstream.pathPrefix, bounds, [...hosts], written]))
    .digest('base64');
}

interface PartyParts {
  readonly api: PartyApi;
  readonly places: PartyPlaces;
  readonly ports: PartyPorts;
}

interface Asked {
  readonly request: RoutedRequest;
  readonly events: UpstreamEvents;
  readonly client: CallClient;
}

/** What a third party has no business to say to our callers, or that holds for its own host and not for ours. */
const UNHEARD = [
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'alt-svc',
  'clear-site-data',
  'refresh',
  'nel',
  'report-to',
  'reporting-endpoints',
  'expect-ct',
  'public-key-pins',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'trailer',
];

class PartyCall implements UpstreamCall, UpstreamEvents {
  readonly #parts: PartyParts;
  readonly #asked: Asked;
  readonly #mask: SecretMask | null;
  #request: RoutedRequest;
  #call: UpstreamCall | null = null;
  #timer: Timer | null = null;
  #followed = 0;
  #bytes = 0;
  /** A head that names no type, until it is known whether there is a body. */
  #untyped: ReplyHead | null = null;
  /** Whether the body of the request waits for room. */
  #isFull = false;
  /** What follows of a reply that has been left behind is not heard. */
  #hearing = 0;
  #over = false;

  constructor(parts: PartyParts, asked: Asked) {
    this.#parts = parts;
    this.#asked = asked;
    const { party } = parts.api;
    this.#request = asked.request;
    this.#mask = party.secrets.length === 0 ? null : new SecretMask(party.secrets.flatMap(({ forms }) => forms));
  }

  begin(atMs: number | undefined): void {
    const { api, places, ports } = this.#parts;
    this.#timer = ports.clock.after(api.party.totalMs, () => this.#late());
    this.#call = places.first.call(partyRequest(this.#request, api.party), this.#heard(), this.#asked.client, atMs);
  }

  /** Events of the call that is made now; none of one that was left. */
  #heard(): UpstreamEvents {
    const turn = ++this.#hearing;
    const isNow = (): boolean => turn === this.#hearing && !this.#over;
    return {
      interim() {},
      whole: (head, body, atMs) => void (isNow() && this.whole(head, body, atMs)),
      switched: () => this.switched(),
      head: (head) => void (isNow() && this.head(head)),
      pieces: (pieces) => !isNow() || this.pieces(pieces),
      end: () => void (isNow() && this.end()),
      failed: (failure) => void (isNow() && this.failed(failure)),
      drained: () => void (isNow() && this.drained()),
    };
  }

  write(pieces: readonly Buffer[]): boolean {
    if (this.#over || this.#followed > 0 || this.#call === null) return true;
    const hasRoom = this.#call.write(pieces);
    this.#isFull = !hasRoom;
    return hasRoom;
  }

  finish(): void {
    if (!this.#over && this.#followed === 0) this.#call?.finish();
  }

  resume(): void {
    if (!this.#over) this.#call?.resume();
  }

  allowIdle(idleMs: number): void {
    if (!this.#over) this.#call?.allowIdle(idleMs);
  }

  abort(): void {
    if (this.#over) return;
    this.#close();
    this.#call?.abort();
  }

  interim(): void {}

  switched(): TunnelEnds {
    throw new Error('a third party was asked for no upgrade');
  }

  head(head: ReplyHead): void {
    const waits = isUntyped(head) && !isRedirect(head);
    if (!this.#takes(head, !waits)) return;
    if (waits) this.#untyped = head;
    else this.#begins(head);
  }

  whole(head: ReplyHead, body: WholeBody, atMs: number): void {
    const octets = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
    if (!this.#takes(head, octets.length > 0)) return;
    if (octets.length > this.#parts.api.party.replyLimitBytes) {
      this.#refuse('upstream-reply-too-large', `a reply of ${octets.length} bytes`);
      return;
    }
    const shown = this.#mask === null ? body : Buffer.concat([this.#mask.pass([octets]), this.#mask.end()]);
    const cleaned = this.#cleaned(head);
    this.#tellOfEcho();
    this.#close();
    this.#asked.events.whole(cleaned, shown, atMs);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    for (const piece of pieces) this.#bytes += piece.length;
    if (this.#untyped !== null && this.#bytes > 0) {
      this.#refuse('upstream-reply-type', 'a body without a content type');
      return true;
    }
    if (this.#bytes > this.#parts.api.party.replyLimitBytes) {
      this.#refuse('upstream-reply-too-large', `more than ${this.#parts.api.party.replyLimitBytes} bytes`);
      return true;
    }
    if (this.#mask === null) return this.#asked.events.pieces(pieces);
    const shown = this.#mask.pass(pieces);
    this.#tellOfEcho();
    return shown.length === 0 || this.#asked.events.pieces([shown]);
  }

  /** Trailers stay behind: nobody has judged them. */
  end(): void {
    if (this.#untyped !== null) this.#begins(this.#untyped);
    const rest = this.#mask === null ? null : this.#mask.end();
    if (rest !== null && rest.length > 0) this.#asked.events.pieces([rest]);
    this.#close();
    this.#asked.events.end();
  }

  #begins(head: ReplyHead): void {
    const cleaned = this.#cleaned(head);
    this.#tellOfEcho();
    this.#asked.events.head(cleaned);
  }

  failed(failure: UpstreamFailure): void {
    this.#close();
    this.#asked.events.failed(failure);
  }

  drained(): void {
    if (this.#followed > 0) return;
    this.#isFull = false;
    this.#asked.events.drained();
  }

  #close(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #late(): void {
    this.#refuse('upstream-timeout', `not whole within ${this.#parts.api.party.totalMs} ms`);
  }

  #refuse(code: UpstreamFailure['code'], detail: string): void {
    if (this.#over) return;
    this.#close();
    this.#call?.abort();
    this.#asked.events.failed({ code, detail });
  }

  /** Whether a reply goes on to the caller. One that leads on is followed; one that may not be is refused. */
  #takes(head: ReplyHead, isTyped: boolean): boolean {
    const { party } = this.#parts.api;
    const isLeading = isRedirect(head);
    if (isLeading && !this.#takesRedirect(head)) return false;
    const { method } = this.#request;
    // The page that comes with a redirect is for nobody to read, and is of any type.
    const typed = isTyped && !isLeading ? typeFault(head, method, party) : null;
    const fault = codingFault(head, method) ?? typed;
    const tooLong = lengthFault(head, party);
    if (fault !== null) this.#refuse('upstream-reply-type', fault);
    else if (tooLong !== null) this.#refuse('upstream-reply-too-large', tooLong);
    return fault === null && tooLong === null;
  }

  #takesRedirect(head: ReplyHead): boolean {
    const { party } = this.#parts.api;
    const to = readLocation(head.fields, this.#request.authority);
    const isKnown = to !== null && (to.authority === this.#parts.api.authority || party.hosts.has(to.authority));
    if (!isKnown) {
      this.#refuseRedirect('it leads to a host that is not named');
      return false;
    }
    if (party.redirects === 0) return true;
    const fault = this.#follow(head.status, to);
    if (fault !== null) this.#refuseRedirect(fault);
    return false;
  }

  /** Goes where a redirect leads. Null, or why not. */
  #follow(status: number, to: LedTo): string | null {
    const { api, places } = this.#parts;
    const { party } = api;
    if (this.#followed >= party.redirects) return `there are more than ${party.redirects} redirects`;
    const method = methodBehind(status, this.#request.method);
    const { kind } = this.#request.framing;
    if (method === this.#request.method && kind !== 'none') return 'the body would have to be sent again';
    const isFirst = to.authority === api.authority;
    const target = isFirst ? this.#allowedTarget(method, to.target) : to.target;
    if (target === null) return 'it leads to what may not be called';
    const caller = isFirst ? places.first : places.hosts.get(to.authority);
    if (caller === undefined) return 'it leads to a host that is not named';
    if (this.#mask?.isIn(to.target) === true && !isFirst) return 'it carries a secret';
    const request = redirectedRequest(this.#request, { method, authority: to.authority, target });
    this.#call?.abort();
    this.#followed++;
    this.#request = request;
    const sent = partyRequest(request, isFirst ? party : { ...party, secrets: [] });
    this.#call = caller.call(isFirst ? sent : withoutSecrets(sent, party), this.#heard(), this.#asked.client);
    // What is still to come of the body goes nowhere, but is waited for.
    if (this.#isFull) this.#asked.events.drained();
    return null;
  }

  /**
   * A third party that leads its callers about must not have our secrets sent to more than may be called: its target is
   * read as strictly as that of a caller, since another reader may find other separators in it. Null where it may not.
   */
  #allowedTarget(method: string, said: string): string | null {
    const { api } = this.#parts;
    const { pathPrefix } = api.upstream;
    const reading = canonicalizeTarget(said);
    if (reading.fault !== null) return null;
    const { path, query } = reading;
    if (!path.startsWith(`${pathPrefix}/`) && path !== pathPrefix) return null;
    const isAllowed = api.party.routes.allows(api.name, method, `${api.basePath}${path.slice(pathPrefix.length)}`);
    return isAllowed ? `${path}${query === null ? '' : `?${query}`}` : null;
  }

  #refuseRedirect(detail: string): void {
    const { api, ports } = this.#parts;
    const message = `the third party ${api.name} leads on to where it may not: ${detail}`;
    ports.alerts({ kind: 'party.redirect-refused', key: api.name, severity: 'medium', message });
    this.#refuse('upstream-refused-location', detail);
  }

  #cleaned(head: ReplyHead): ReplyHead {
    const fields = head.fields.copy();
    for (const name of UNHEARD) fields.drop(name);
    if (this.#mask !== null) for (const name of echoing(head.fields, this.#mask)) fields.drop(name);
    return { ...head, fields };
  }

  #tellOfEcho(): void {
    const { api, ports } = this.#parts;
    if (this.#mask?.found !== true) return;
    this.#mask.found = false;
    const message = `the third party ${api.name} sent back a secret that it was shown; it was masked`;
    ports.alerts({ kind: 'party.secret-echoed', key: api.name, severity: 'medium', message });
  }
}

/** Fields that a caller wrote under the name of a secret do not go to other hosts either. */
function withoutSecrets(request: RoutedRequest, { secrets }: CompiledParty): RoutedRequest {
  for (const { place, name } of secrets) if (place === 'header') request.fields?.drop(name);
  return request;
}

function echoing(fields: HeaderFields, mask: SecretMask): readonly string[] {
  const names = [...fields.entries()].filter(([, value]) => mask.isIn(value)).map(([name]) => name);
  if (names.length > 0) mask.found = true;
  return names;
}
