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
  const changes = new OpenChanges();
  return {
    request(stream) {
      const id = options.nextId();
      const asked = judge(stream, { router, hosts, keyHashes: options.keyHashes() });
      if ('code' in asked) {
        refuse(stream, asked, id);
        return;
      }
      const { operation, params, query } = asked;
      const run = (body: Uint8Array): Promise<void> =>
        operation.run(options.backend, { params, query, body }).then(
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
      if (method === 'GET') void run(NO_BODY);
      else if (!changes.room) refuse(stream, { code: 'gateway-overloaded' }, id);
      else if (stream.framing.kind === 'none' || bodyLimitBytes === null) void run(NO_BODY).finally(changes.enter());
      else receive(stream, { limitBytes: bodyLimitBytes, changes, id, run });
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
}

/**
 * Changes and comparisons that are received or wait for their turn, also where nobody waits for the answer any more: each
 * may hold a configuration, and people send one at a time.
 */
const CHANGE_COUNT_LIMIT = 8;

const NO_BODY = new Uint8Array();

class OpenChanges {
  #count = 0;

  get room(): boolean {
    return this.#count < CHANGE_COUNT_LIMIT;
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
  readonly changes: OpenChanges;
  readonly id: string;
  readonly run: (body: Uint8Array) => Promise<void>;
}

/** Collects a body, and runs the operation when it is whole. */
function receive(stream: ServerExchange, { limitBytes, changes, id, run }: Receiving): void {
  if (!stream.limitBody(limitBytes)) {
    refuse(stream, { code: 'body-too-large' }, id);
    return;
  }
  const leave = changes.enter();
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

type Asked = Pick<AdminRequest, 'params' | 'query'> & { readonly operation: AdminOperation };

function judge({ request, framing }: ServerExchange, rules: Rules): Asked | Problem {
  if (!rules.hosts.has(request.host) && !isAddress(request.host)) return { code: 'misdirected-request' };
  const found = rules.router.find(request.host, request.path, request.method);
  const operation = found.kind === 'matched' ? found.target : null;
  if (operation === null || operation.key) {
    // What there is and what is not is nobody's business without a key.
    if (!hasKey(request.headers.get('authorization'), rules.keyHashes)) {
      return { code: 'unauthenticated', headers: [['www-authenticate', 'Bearer realm="portcullis admin"']] };
    }
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
  return isKnown ? { operation, params, query } : { code: 'invalid-parameters' };
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
