import { createMemoryTables, createLineLog, createSystemClock } from '../../src/adapters/index.ts';
import { type CompiledOperation, compile, type Snapshot } from '../../src/gateway/index.ts';
import {
  type BodyUse,
  type BodyViews,
  type Exchange,
  type Operation,
  type Principal,
  type ReplyView,
  type ResponseEditor,
  type Slot,
  type Stage,
} from '../../src/policy/index.ts';
import { Notes } from '../../src/policy/notes.ts';
import { parseBody } from '../../src/body/index.ts';
import type { HeaderMap } from '../../src/wire/index.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { createFileIssuer } from '../system/file-issuer.ts';
import { gatherText } from '../system/inner-gateway.ts';
import { valueOf } from '../system/value-of.ts';

/** What a caller of the bench is. */
export type BenchCaller = Pick<Principal, 'subject' | 'tenant' | 'roles' | 'claims'>;

/** A request of the bench, as its steps see it. */
export interface BenchRequest {
  readonly principal: Principal;
  readonly params: Readonly<Record<string, string>>;
}

/** The rights of one configuration, as they run in a gateway thread. */
export class BenchRights {
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  static async of(configuration: string): Promise<BenchRights> {
    const { keys } = await createFileIssuer();
    const gathered = await gatherText(configuration, { 'keys.json': keys });
    const clock = createSystemClock();
    const log = createLineLog({ write() {}, clock, format: 'json', level: 'error' });
    return new BenchRights(valueOf(compile(gathered, { kinds: countingKinds(), tables: createMemoryTables({ log }) })));
  }

  /** Somebody as an issuer vouches for them. */
  principal({ subject, tenant, roles, claims }: BenchCaller): Principal {
    return {
      ...{ kind: 'user', issuer: 'https://id.acme.example', clientId: null, credentialId: null, sessionId: null },
      ...{ subject, tenant, roles, claims, scopes: null, confirmation: null, expiresAtMs: Date.now() + 3_600_000 },
      ...{ permissions: this.#snapshot.roles.permissionsOf(roles), notes: new Notes() },
      assurance: { acr: null, amr: [], authTimeMs: null },
    };
  }

  /** What decides of requests for a path, by kinds of policy: whether one may pass. */
  decision(path: string, kinds: readonly string[]): (request: BenchRequest) => boolean {
    const { operation, steps } = this.#steps(path, kinds, ['authorize', 'decide']);
    return (request) => {
      const exchange = new BenchExchange(request, operation, path);
      for (const step of steps) {
        const verdict = step.run(exchange as never, null as never, null as never) as { readonly kind: string };
        if (verdict.kind !== 'pass') return false;
      }
      return true;
    };
  }

  /** What filters replies to requests for a path: how many bytes are left. */
  filter(path: string): (request: BenchRequest, body: Buffer) => number {
    const { operation, steps } = this.#steps(path, ['fields'], ['respond']);
    return (request, body) => {
      const exchange = new BenchExchange(request, operation, path);
      const reply = new BenchReply(body);
      for (const step of steps) {
        const verdict = step.run(exchange as never, reply as never, reply as never) as { readonly kind: string };
        if (verdict.kind !== 'pass') throw new Error(`a reply was refused: ${JSON.stringify(verdict)}`);
      }
      return reply.left;
    };
  }

  #steps(path: string, kinds: readonly string[], stages: readonly Stage[]) {
    const found = this.#snapshot.router.find('localhost', path, 'GET');
    if (found.kind !== 'matched') throw new Error(`nothing is at ${path}`);
    const target: CompiledOperation = found.target;
    const plan = valueOf(target.plan());
    const steps = [...plan.request, ...plan.respond.all]
      .filter(({ policy, stage }) => kinds.some((kind) => policy.includes(`/${kind}`)) && stages.includes(stage))
      .map(({ step }) => step);
    if (steps.length === 0) throw new Error(`nothing of ${kinds.join(', ')} stands before ${path}`);
    return { operation: target.operation, steps };
  }
}

/** A request while it is judged; each decision has one of its own. */
class BenchExchange implements Exchange {
  readonly id = 'bench';
  readonly request: Exchange['request'];
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly principal: Principal;
  readonly startedAtMs = 1_790_000_000_000;
  readonly #slots: unknown[] = [];

  constructor({ principal, params }: BenchRequest, operation: Operation, path: string) {
    this.principal = principal;
    this.params = params;
    this.operation = operation;
    this.request = { ...REQUEST, path };
  }

  moment(): number {
    return 0;
  }

  slot<T>({ number, initial }: Slot<T>): T {
    return (this.#slots[number] ??= initial()) as T;
  }

  body<U extends keyof BodyViews>(_use: U): BodyViews[U] {
    throw new Error('no request of the bench has a body');
  }
}

function headersOf(fields: Readonly<Record<string, string>>): HeaderMap {
  const map = new Map(Object.entries(fields));
  const all = (name: string): readonly string[] => (map.has(name) ? [map.get(name) as string] : []);
  const get = (name: string): string | null => map.get(name) ?? null;
  return { size: map.size, has: (name) => map.has(name), get, all, entries: () => map.entries() };
}

const headers = headersOf({ host: 'localhost' });
const REQUEST = {
  ...{ method: 'GET', host: 'localhost', port: null, query: null, headers },
  peer: { address: '127.0.0.1', port: 1, tls: null },
} as unknown as Exchange['request'];

/** A reply while it is filtered. */
class BenchReply implements ReplyView, ResponseEditor {
  readonly status = 200;
  readonly source = 'upstream';
  readonly headers: ReplyView['headers'];
  left: number;
  readonly #body: Buffer;

  constructor(body: Buffer) {
    this.#body = body;
    this.left = body.length;
    this.headers = headersOf({ 'content-type': 'application/json', 'content-length': String(body.length) });
  }

  body<U extends BodyUse>(use: U): never {
    if (use === 'raw') return this.#body as never;
    const read = parseBody('application/json', this.#body);
    if (!read.ok) throw new Error('a reply of the bench can’t be read');
    return read.value as never;
  }

  setHeader(): void {}
  appendHeader(): void {}
  removeHeader(): void {}

  replaceBody(bytes: Uint8Array): void {
    this.left = bytes.length;
  }
}
