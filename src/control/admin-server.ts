import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { type Problem, problemBody, PROBLEM_MEDIA_TYPE, problemStatus } from '../base/index.ts';
import { Router } from '../gateway/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import type { Log } from '../ports/index.ts';
import { NO_LINES, type ServerExchange, type ServerHandler } from '../wire/index.ts';
import { ADMIN_OPERATIONS, type AdminBackend, type AdminOperation } from './admin-operations.ts';
import type { AdminReply, AdminRequest } from './admin-operation.ts';
import { describeAdminApi } from './admin-description.ts';

/** What the admin server works with. */
export interface AdminServerOptions {
  readonly backend: AdminBackend;
  /** SHA-256 of each key that opens it, hexadecimal. */
  readonly keyHashes: () => readonly string[];
  /** SHA-256 of the key that opens the decision point and nothing else, hexadecimal; null where there is none. */
  readonly decisionKeyHash: () => string | null;
  /** Names it answers for besides localhost and addresses; any other name may have been bound to this machine by a page. */
  readonly hosts: readonly string[];
  readonly log: Log;
  readonly nextId: () => string;
}

const LOCAL_HOST = 'localhost';

const DESCRIPTION: AdminOperation = {
  id: 'getDescription',
  method: 'GET',
  path: '/openapi.json',
  summary: 'This description.',
  key: true,
  bodyLimitBytes: null,
  query: {},
  run: () => Promise.resolve({ status: 200, json: describeAdminApi(ALL) }),
};

const ALL: readonly AdminOperation[] = [...ADMIN_OPERATIONS, DESCRIPTION];

/** Answers the admin API. It serves nothing of the protected APIs, and they nothing of it. */
export function createAdminServer(options: AdminServerOptions): ServerHandler {
  const router = adminRouter();
  const hosts = new Set([LOCAL_HOST, ...options.hosts]);
  const changes = new OpenPlaces(CHANGE_COUNT_LIMIT);
  const questions = new OpenPlaces(QUESTION_COUNT_LIMIT);
  return {
    request(stream) {
      const own = options.nextId();
      const keys = { keyHashes: options.keyHashes(), decisionKeyHash: options.decisionKeyHash() };
      const asked = judge(stream, { router, hosts, ...keys });
      const isDecision = !('code' in asked) && asked.operation.asks === 'decision';
      const id = isDecision ? (sentId(stream.request.headers) ?? own) : own;
      if ('code' in asked) {
        refuse(stream, asked, id);
        return;
      }
      const { operation, ...request } = asked;
      const run = (body: Uint8Array): Promise<void> =>
        operation.run(options.backend, { ...request, body }).then(
          (reply) => send(stream, reply, id),
          (fault: unknown) => {
            options.log.write('error', 'admin.fault', fault instanceof Error ? fault.message : 'unknown fault', {
              operation: operation.id,
              request: id,
            });
            refuse(stream, { code: 'gateway-fault' }, id);
          },
        );
      const { method, bodyLimitBytes } = operation;
      const places = isDecision ? questions : changes;
      if (method === 'GET') void run(NO_BODY);
      else if (!places.room) refuse(stream, { code: 'gateway-overloaded' }, id);
      else if (stream.framing.kind === 'none' || bodyLimitBytes === null) void run(NO_BODY).finally(places.enter());
      else receive(stream, { limitBytes: bodyLimitBytes, places, id, run });
    },
    refused(code) {
      const id = options.nextId();
      const body = Buffer.from(problemBody({ code }, id));
      return { head: headOf(problemStatus(code), PROBLEM_MEDIA_TYPE, { id, bytes: body.length, more: [] }), body };
    },
  };
}

function adminRouter(): Router<AdminOperation> {
  const routes = ALL.map((operation) => {
    const template = parseTemplate(operation.path);
    if (!template.ok) throw new Error(`${operation.path} ${template.error}`);
    return { host: null, method: operation.method, segments: template.value.segments, target: operation };
  });
  return Router.build(routes, () => true).router;
}

interface Rules {
  readonly router: Router<AdminOperation>;
  readonly hosts: ReadonlySet<string>;
  readonly keyHashes: readonly string[];
  readonly decisionKeyHash: string | null;
}

/**
 * Changes and comparisons that are received or wait for their turn, also where nobody waits for the answer any more: each
 * may hold a configuration, and people send one at a time.
 */
const CHANGE_COUNT_LIMIT = 8;
/** Questions that are received or answered; whoever enforces by them asks many at a time. Each may hold a megabyte. */
const QUESTION_COUNT_LIMIT = 64;

const NO_BODY = new Uint8Array();

class OpenPlaces {
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get room(): boolean {
    return this.#count < this.#limit;
  }

  /** Takes a place; gives how to leave it, once. */
  enter(): () => void {
    this.#count++;
    let isOpen = true;
    return () => {
      if (isOpen) this.#count--;
      isOpen = false;
    };
  }
}

interface Receiving {
  readonly limitBytes: number;
  readonly places: OpenPlaces;
  readonly id: string;
  readonly run: (body: Uint8Array) => Promise<void>;
}

/** Collects a body, and runs the operation when it is whole. */
function receive(stream: ServerExchange, { limitBytes, places, id, run }: Receiving): void {
  if (!stream.limitBody(limitBytes)) {
    refuse(stream, { code: 'body-too-large' }, id);
    return;
  }
  const leave = places.enter();
  const collected: Buffer[] = [];
  let isWhole = false;
  stream.events = {
    pieces(pieces) {
      collected.push(...pieces);
      return true;
    },
    bodyEnd() {
      isWhole = true;
      void run(Buffer.concat(collected)).finally(leave);
    },
    bodyFailed(code) {
      leave();
      refuse(stream, { code }, id);
    },
    drained() {},
    gone() {
      if (!isWhole) leave();
    },
  };
  stream.receive();
}

type Asked = Omit<AdminRequest, 'body'> & { readonly operation: AdminOperation };

function judge({ request, framing }: ServerExchange, rules: Rules): Asked | Problem {
  if (!rules.hosts.has(request.host) && !isAddress(request.host)) return { code: 'misdirected-request' };
  const found = rules.router.find(request.host, request.path, request.method);
  const operation = found.kind === 'matched' ? found.target : null;
  const asker = askerOf(request.headers.get('authorization'), operation, rules);
  // What there is and what is not is nobody's business without a key.
  if (asker === null) {
    return { code: 'unauthenticated', headers: [['www-authenticate', 'Bearer realm="portcullis admin"']] };
  }
  // A browser says where a request comes from; no other site has anything to ask here.
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return { code: 'forbidden' };
  if (found.kind === 'methodNotAllowed')
    return { code: 'method-not-allowed', headers: [['allow', found.allow.join(', ')]] };
  if (operation === null) return { code: 'not-found' };
  if (framing.kind !== 'none' && operation.bodyLimitBytes === null) return { code: 'unexpected-body' };
  const query = new URLSearchParams(request.query ?? '');
  const names = [...query.keys()];
  const isKnown = names.every((name, at) => Object.hasOwn(operation.query, name) && names.indexOf(name) === at);
  const params = found.kind === 'matched' ? found.params : {};
  if (!isKnown) return { code: 'invalid-parameters' };
  const authority = request.port === null ? request.host : `${request.host}:${request.port}`;
  return { operation, params, query, contentType: request.headers.get('content-type'), asker, authority };
}

/** Whose key it is that opens an operation, or what is none; null where none does. */
function askerOf(
  authorization: string | null,
  operation: AdminOperation | null,
  { keyHashes, decisionKeyHash }: Pick<Rules, 'keyHashes' | 'decisionKeyHash'>,
): AdminRequest['asker'] | null {
  if (operation !== null && !operation.key) return 'admin';
  if (hasKey(authorization, keyHashes)) return 'admin';
  if (operation?.asks !== 'decision' || decisionKeyHash === null) return null;
  return hasKey(authorization, [decisionKeyHash]) ? 'decisions' : null;
}

/** The id that whoever asks for decisions gave a question, which the answer bears too; null for none that can be sent. */
function sentId(headers: ServerExchange['request']['headers']): string | null {
  const sent = headers.get('x-request-id');
  return sent !== null && /^[\x21-\x7e]{1,256}$/.test(sent) ? sent : null;
}

/** An address can't be bound to another machine, as a name can. */
function isAddress(host: string): boolean {
  return isIP(host.startsWith('[') ? host.slice(1, -1) : host) !== 0;
}

/** Compares hashes, in constant time, with every key there is. */
function hasKey(authorization: string | null, keyHashes: readonly string[]): boolean {
  const key = /^Bearer ([A-Za-z0-9._~+/-]{16,256}=*)$/i.exec(authorization ?? '')?.[1];
  const hash = createHash('sha256')
    .update(key ?? '')
    .digest();
  let known = false;
  for (const keyHash of keyHashes) known = timingSafeEqual(hash, Buffer.from(keyHash, 'hex')) || known;
  return key !== undefined && known;
}

function refuse(stream: ServerExchange, problem: Problem, id: string): void {
  const body = Buffer.from(problemBody(problem, id));
  const more = (problem.headers ?? []).flatMap(([name, value]) => [name, value]);
  stream.send(headOf(problemStatus(problem.code), PROBLEM_MEDIA_TYPE, { id, bytes: body.length, more }), body);
}

function send(stream: ServerExchange, reply: AdminReply, id: string): void {
  if ('problem' in reply) {
    refuse(stream, reply.problem, id);
    return;
  }
  const body = Buffer.from('json' in reply ? `${JSON.stringify(reply.json)}\n` : reply.text);
  const type = 'json' in reply ? 'application/json' : 'text/plain; version=0.0.4; charset=utf-8';
  stream.send(headOf(reply.status, type, { id, bytes: body.length, more: [] }), body);
}

function headOf(
  status: number,
  type: string,
  { id, bytes, more }: { id: string; bytes: number; more: readonly string[] },
) {
  const added = [
    'content-type',
    type,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'x-request-id',
    id,
    ...more,
  ];
  return {
    ...NO_LINES,
    status,
    fields: null,
    added,
    framing: { kind: 'length' as const, bytes },
    announcedLength: bytes,
  };
}
