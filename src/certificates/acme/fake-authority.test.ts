// No tests here: a CA that speaks ACME, in memory, and the ports around it. Kept apart from the product by its name.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509Certificate as EncodedCertificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import assert from 'node:assert/strict';
import {
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  verify,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { err, ok, type Result } from '../../base/index.ts';
import type {
  Collection,
  CollectionDeclaration,
  DnsHook,
  Egress,
  EgressFault,
  EgressReply,
  EgressRequest,
  Store,
} from '../../ports/index.ts';
import { fakePorts } from '../fake-ports.test.ts';
import { issueAuthority } from '../issue.ts';
import { chainPem, type ChainAndKey } from '../pem.ts';
import type { AcmePorts } from './acme-certificates.ts';
import type { ChallengeAnswer } from './challenge.ts';
import type { FlattenedJws } from './jws.ts';

type JsonWebKey = webcrypto.JsonWebKey;

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const PROBLEM = 'urn:ietf:params:acme:error:';

interface Order {
  status: string;
  readonly name: string;
  readonly account: string;
  readonly authorization: Authorization;
  readonly profile: string | null;
  readonly replaces: string | null;
  certificate: string | null;
}

interface Authorization {
  status: string;
  readonly name: string;
  error: object | null;
  readonly tokens: Readonly<Record<string, string>>;
}

interface Reply {
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
  readonly retryAfter?: string;
}

interface Head {
  readonly alg: string;
  readonly nonce: string;
  readonly url: string;
  readonly jwk?: JsonWebKey;
  readonly kid?: string;
}

/** What is asked of a CA in tests. It judges each request as strictly as it can, and throws where one is not as it must be. */
export class FakeAuthority implements Egress {
  readonly base: string;
  readonly caPem: string | null;
  /** It can't be reached. */
  down = false;
  /** It takes requests and answers none. */
  hangs = false;
  /** So many of the next requests are refused for their nonces. */
  badNonces = 0;
  /** The problem that each new order is refused with, with a Retry-After. */
  refusal: { readonly type: string; readonly retryAfter?: string; readonly detail?: string } | null = null;
  kinds: readonly string[] = ['http-01', 'tls-alpn-01', 'dns-01'];
  /** Whether it finds what it looks for, beside what was published. */
  finds: (kind: string) => boolean = () => true;
  /** By key id; none where accounts need no binding. */
  externalKeys: Readonly<Record<string, Buffer>> | null = null;
  /** What it says of renewal; null where it has no such thing. */
  renewal: { body: unknown; retryAfter?: string } | null = null;
  lifeMs = 90 * 86_400_000;
  /** Changes what it gives. */
  alter: (pem: string) => string = (pem) => pem;
  /** The name that authorizations are about, where that is not the one of the order. */
  asksAbout: string | null = null;
  /** Looks at an order or authorization that are answered as not done yet. */
  slow = 0;
  /** After how many seconds the next look is to come, as it says. */
  lookAfter = '5';
  readonly orders: Order[] = [];
  readonly requests: EgressRequest[] = [];
  readonly accounts: { readonly jwk: JsonWebKey; contact: readonly string[]; known: boolean }[] = [];
  readonly #nonces = new Set<string>();
  readonly #now: () => number;
  readonly #answers: () => readonly ChallengeAnswer[];
  #issuer: ChainAndKey | null = null;
  #count = 0;

  /** What the DNS says: each TXT record as its name, a space, and its value. */
  readonly dns = new Set<string>();

  constructor(host: string, now: () => number, answers: () => readonly ChallengeAnswer[], caPem: string | null = null) {
    this.base = `https://${host}`;
    this.caPem = caPem;
    this.#now = now;
    this.#answers = answers;
  }

  get directory(): string {
    return `${this.base}/dir`;
  }

  async call(request: EgressRequest): Promise<Result<EgressReply, EgressFault>> {
    await setImmediate();
    this.requests.push(request);
    if (this.down) return err({ reason: 'unreachable', detail: 'connection refused' });
    if (this.hangs || request.signal?.aborted === true) return await cancelled(request);
    assert.equal(request.ca ?? null, this.caPem);
    const reply = await this.#answer(request);
    const nonce = `nonce-${this.#count++}`;
    this.#nonces.add(nonce);
    const body = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
    const headers = new Map([
      ['replay-nonce', nonce],
      ...(reply.location === undefined ? [] : [['location', reply.location] as const]),
      ...(reply.retryAfter === undefined ? [] : [['retry-after', reply.retryAfter] as const]),
    ]);
    return ok({ status: reply.status ?? 200, headers, body: new TextEncoder().encode(body) });
  }

  async #answer(request: EgressRequest): Promise<Reply> {
    const path = request.url.slice(this.base.length);
    assert.ok(request.url.startsWith(this.base), request.url);
    if (request.method === 'GET') return this.#get(path);
    assert.equal(request.headers['content-type'], 'application/jose+json');
    const jws = JSON.parse(new TextDecoder().decode(request.body)) as FlattenedJws;
    const head = JSON.parse(Buffer.from(jws.protected, 'base64url').toString()) as Head;
    assert.deepEqual([head.alg, head.url], ['ES256', request.url]);
    if (!this.#nonces.delete(head.nonce) || this.badNonces-- > 0) return problem('badNonce', 'spent');
    const account = head.kid === undefined ? null : this.accounts[Number(head.kid.split('/').pop())];
    if (account === undefined || account?.known === false) return problem('accountDoesNotExist', 'who?');
    const jwk = account === null ? head.jwk : account.jwk;
    assert.ok(jwk !== undefined);
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const signature = Buffer.from(jws.signature, 'base64url');
    const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
    assert.ok(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature), 'a signature that is good');
    const text = Buffer.from(jws.payload, 'base64url').toString();
    const payload = text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
    if (path === '/new-account') return this.#newAccount(jwk, payload ?? {});
    assert.ok(account !== null, 'only a new account is asked for without one');
    return await this.#post(path, payload, { account, kid: head.kid as string, key });
  }

  #get(path: string): Reply {
    if (path === '/dir') {
      return {
        body: {
          newNonce: `${this.base}/nonce`,
          newAccount: `${this.base}/new-account`,
          newOrder: `${this.base}/new-order`,
          ...(this.renewal === null ? {} : { renewalInfo: `${this.base}/renewal` }),
          meta: { externalAccountRequired: this.externalKeys !== null, profiles: { shortlived: 'six days' } },
        },
      };
    }
    if (path === '/nonce') return { status: 204, body: '' };
    assert.ok(path.startsWith('/renewal/') && this.renewal !== null, path);
    assert.match(path, /^\/renewal\/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
    const { body, retryAfter } = this.renewal;
    return { body, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }

  #newAccount(jwk: JsonWebKey, payload: Record<string, unknown>): Reply {
    assert.equal(payload['termsOfServiceAgreed'], true);
    if (this.externalKeys !== null) {
      const bound = payload['externalAccountBinding'] as FlattenedJws | undefined;
      if (bound === undefined) return problem('externalAccountRequired', 'bind it');
      const head = JSON.parse(Buffer.from(bound.protected, 'base64url').toString()) as Head;
      assert.deepEqual([head.alg, head.url, head.nonce], ['HS256', `${this.base}/new-account`, undefined]);
      assert.deepEqual(JSON.parse(Buffer.from(bound.payload, 'base64url').toString()), jwk);
      const mac = createHmac('sha256', this.externalKeys[head.kid ?? ''] ?? '');
      if (mac.update(`${bound.protected}.${bound.payload}`).digest('base64url') !== bound.signature) {
        return problem('unauthorized', 'the binding is not signed by its key');
      }
    }
    const same = this.accounts.findIndex((one) => one.jwk.x === jwk.x);
    const contact = payload['contact'] as readonly string[];
    const at = same >= 0 ? same : this.accounts.push({ jwk, contact, known: true }) - 1;
    (this.accounts[at] as { known: boolean }).known = true;
    return { status: same >= 0 ? 200 : 201, location: `${this.base}/account/${at}` };
  }

  async #post(
    path: string,
    payload: Record<string, unknown> | null,
    from: { readonly account: { contact: readonly string[] }; readonly kid: string; readonly key: KeyObject },
  ): Promise<Reply> {
    const [, what, id, kind] = path.split('/');
    if (what === 'account') {
      from.account.contact = payload?.['contact'] as readonly string[];
      return {};
    }
    if (what === 'new-order') return this.#newOrder(payload ?? {}, from.kid);
    const order = this.orders[Number(id)];
    assert.ok(order !== undefined && order.account === from.kid, path);
    const url = (part: string): string => `${this.base}/${part}/${id}`;
    const { authorization } = order;
    if (what === 'challenge') {
      assert.deepEqual(payload, {});
      return { body: this.#look(authorization, kind ?? '', from.key) };
    }
    if (what === 'finalize') {
      assert.equal(order.status, 'ready');
      order.certificate = await this.#issue(order, String(payload?.['csr']));
      order.status = this.slow > 0 ? 'processing' : 'valid';
      return { body: { status: order.status } };
    }
    assert.equal(payload, null);
    if (what === 'certificate') return { body: order.certificate ?? '' };
    const waits = this.slow > 0 ? { retryAfter: this.lookAfter } : {};
    const done = this.slow-- <= 0;
    if (what === 'authorization') {
      const challenges = this.kinds.map((type) => ({
        type,
        url: `${url('challenge')}/${type}`,
        token: authorization.tokens[type],
        ...(authorization.error === null ? {} : { error: authorization.error }),
      }));
      const { status, name } = authorization;
      return {
        body: {
          status: done ? status : 'pending',
          identifier: { type: 'dns', value: this.asksAbout ?? name.replace('*.', '') },
          ...(name.startsWith('*.') ? { wildcard: true } : {}),
          challenges: name.startsWith('*.') ? challenges.filter(({ type }) => type === 'dns-01') : challenges,
        },
        ...waits,
      };
    }
    assert.equal(what, 'order');
    if (order.status === 'pending' && authorization.status === 'valid' && done) order.status = 'ready';
    if (order.status === 'processing' && done) order.status = 'valid';
    return { body: { ...this.#orderBody(order), certificate: url('certificate') }, ...waits };
  }

  #newOrder(payload: Record<string, unknown>, account: string): Reply {
    if (this.refusal !== null) {
      const { type, retryAfter, detail = 'no' } = this.refusal;
      return { ...problem(type, detail), ...(retryAfter === undefined ? {} : { retryAfter }) };
    }
    const [{ value: name }] = payload['identifiers'] as [{ value: string }];
    const token = (kind: string): string =>
      createHash('sha256')
        .update(`${kind}${this.#count++}`)
        .digest('base64url');
    const tokens = Object.fromEntries(this.kinds.map((kind) => [kind, token(kind)]));
    const order: Order = {
      status: 'pending',
      name,
      account,
      authorization: { status: 'pending', name, error: null, tokens },
      profile: (payload['profile'] as string | undefined) ?? null,
      replaces: (payload['replaces'] as string | undefined) ?? null,
      certificate: null,
    };
    this.orders.push(order);
    return { status: 201, location: `${this.base}/order/${this.orders.length - 1}`, body: this.#orderBody(order) };
  }

  #orderBody(order: Order): object {
    const id = this.orders.indexOf(order);
    const authorizations = [`${this.base}/authorization/${id}`];
    return { status: order.status, authorizations, finalize: `${this.base}/finalize/${id}` };
  }

  /** Looks at what was published, as a CA would at the ports. */
  #look(authorization: Authorization, kind: string, key: KeyObject): object {
    const { crv, kty, x, y } = key.export({ format: 'jwk' });
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    const wanted = `${authorization.tokens[kind]}.${thumbprint}`;
    if (kind === 'dns-01') return this.#lookAtDns(authorization, wanted);
    const answer = this.#answers().find((one) =>
      one.kind === 'http-01' ? one.token === authorization.tokens[kind] : one.name === authorization.name,
    );
    const found = answer !== undefined && answer.kind === kind && answers(answer, wanted) && this.finds(kind);
    authorization.status = found ? 'valid' : 'invalid';
    if (!found) authorization.error = { type: `${PROBLEM}connection`, detail: `nothing there for ${kind}` };
    return {};
  }

  #lookAtDns(authorization: Authorization, wanted: string): object {
    const digest = createHash('sha256').update(wanted).digest('base64url');
    const found = this.dns.has(`_acme-challenge.${authorization.name.replace('*.', '')} ${digest}`);
    authorization.status = found ? 'valid' : 'invalid';
    if (!found) authorization.error = { type: `${PROBLEM}unauthorized`, detail: 'no such record' };
    return {};
  }

  async #issue(order: Order, csr: string): Promise<string> {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, 'base64url'));
    assert.ok(await request.verify(), 'a request that its key has signed');
    const named = request.extensions.find(({ type }) => type === '2.5.29.17');
    assert.ok(named !== undefined);
    const names = new SubjectAlternativeNameExtension(named.rawData).names.items.map(({ value }) => value);
    assert.deepEqual(names, [order.name]);
    const validity = { notBeforeMs: this.#now() - 3_600_000, notAfterMs: this.#now() + 10 * this.lifeMs };
    const random = fakePorts().ports.random;
    this.#issuer ??= await issueAuthority('Fake CA', validity, random);
    const issuer = new EncodedCertificate(this.#issuer.chain[0].raw);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: `8${String(this.orders.length).padStart(5, '0')}`,
      subject: '',
      issuer: issuer.subjectName,
      notBefore: new Date(validity.notBeforeMs),
      notAfter: new Date(validity.notBeforeMs + this.lifeMs),
      publicKey: request.publicKey,
      signingKey: this.#issuer.key.toCryptoKey(SIGNING, false, ['sign']),
      signingAlgorithm: SIGNING,
      extensions: [
        new SubjectAlternativeNameExtension([{ type: 'dns', value: order.name }]),
        await AuthorityKeyIdentifierExtension.create(issuer),
      ],
    });
    const leaf = new X509Certificate(Buffer.from(certificate.rawData));
    return this.alter(chainPem([leaf, ...this.#issuer.chain]));
  }
}

/** What comes of a call that is answered by nobody: nothing, until it is given up. */
async function cancelled({ signal }: EgressRequest): Promise<Result<EgressReply, EgressFault>> {
  if (signal !== undefined && !signal.aborted) await once(signal, 'abort');
  return err({ reason: 'cancelled', detail: 'given up' });
}

function answers(answer: ChallengeAnswer, wanted: string): boolean {
  switch (answer.kind) {
    case 'http-01':
      return answer.keyAuthorization === wanted;
    case 'tls-alpn-01': {
      const digest = createHash('sha256').update(wanted).digest();
      const found = new EncodedCertificate(answer.chainPem).extensions.find(
        ({ type }) => type === '1.3.6.1.5.5.7.1.31',
      );
      const isRight = found?.critical === true && Buffer.from(found.value).equals(Buffer.from([4, 32, ...digest]));
      return isRight && new X509Certificate(answer.chainPem).subjectAltName === `DNS:${answer.name}`;
    }
  }
}

function problem(type: string, detail: string): Reply {
  return { status: 400, body: { type: `${PROBLEM}${type}`, detail } };
}

/** Collections in memory, each document a copy; `fails` makes every writing fail. */
export class MemoryStore implements Store {
  readonly held = new Map<string, Map<string, object>>();
  fails = false;
  #turn: Promise<void> = Promise.resolve();
  /** Makes reading from these collections fail. */
  readonly damaged = new Set<string>();

  collection<T extends object>({ name, parse }: CollectionDeclaration<T>): Collection<T> {
    const documents = this.held.get(name) ?? new Map<string, object>();
    this.held.set(name, documents);
    const put = async (id: string, document: T): Promise<void> => {
      await setImmediate();
      if (this.fails) throw new Error('the disk is full');
      documents.set(id, structuredClone(document));
    };
    return {
      get: async (id) => {
        await setImmediate();
        if (this.damaged.has(name)) throw new Error(`${name} ${id} does not fit its schema`);
        const found = documents.get(id);
        if (found === undefined) return null;
        const parsed = parse(found);
        assert.ok(parsed.ok);
        return parsed.value;
      },
      put,
      claim: async (id, document) => {
        if (documents.has(id)) return false;
        await put(id, document);
        return true;
      },
      delete: async (id) => await Promise.resolve(documents.delete(id)),
      query: async ({ limit, orderBy, descending = false }) => {
        await setImmediate();
        const entries = [...documents.keys()].toSorted().map((id) => {
          const parsed = parse(documents.get(id));
          assert.ok(parsed.ok);
          return { id, document: parsed.value };
        });
        const numberOf = ({ document }: { document: T }): number =>
          orderBy === undefined ? 0 : Number(document[orderBy]);
        entries.sort((one, other) => numberOf(one) - numberOf(other));
        return (descending ? entries.toReversed() : entries).slice(0, limit);
      },
      count: () => Promise.reject(new Error('not in this fake')),
    };
  }

  async transaction<R>(work: (store: Store) => Promise<R>): Promise<R> {
    const turn = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await turn;
    return await work(this).finally(resolve);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** All that ACME needs, with CAs by their hosts, and what was published and counted. */
export function acmeFixture(hosts: readonly string[] = ['ca.test'], caPem: string | null = null) {
  const fakes = fakePorts();
  const store = new MemoryStore();
  const published: (readonly ChallengeAnswer[])[] = [];
  const ordered: string[] = [];
  const trouble = { publishing: false, hook: false };
  const hooked: string[] = [];
  const hook: DnsHook = {
    run: async (action, { name, value }) => {
      hooked.push(`${action} ${name}`);
      await setImmediate();
      for (const { dns } of cas) {
        if (action === 'present') dns.add(`${name} ${value}`);
        else dns.delete(`${name} ${value}`);
      }
      return trouble.hook ? err('exited with 3') : ok(undefined);
    },
  };
  const now = (): number => fakes.clock.now();
  const cas = hosts.map((host) => new FakeAuthority(host, now, () => published.at(-1) ?? [], caPem));
  const egress: Egress = {
    call: async (request) => {
      const ca = cas.find(({ base }) => request.url.startsWith(`${base}/`));
      return ca === undefined ? err({ reason: 'unresolved', detail: 'no such host' }) : await ca.call(request);
    },
  };
  const ports: AcmePorts = {
    ...fakes.ports,
    egress,
    store,
    isShared: false,
    hook,
    publish: async (all) => {
      await setImmediate();
      published.push(all);
      if (trouble.publishing) throw new Error('a thread is stuck');
    },
    ordered: (directory, result) => void ordered.push(`${new URL(directory).host} ${result}`),
  };
  return { ...fakes, ports, store, published, ordered, trouble, hooked, cas, ca: cas[0] as FakeAuthority };
}

/**
 * Lets time pass in steps until it happened. Signing goes through the thread pool and takes no time of this clock, so the
 * pool is given a moment of real time with each step, or the clock would run away from what is under way.
 */
export async function passUntil(
  clock: { pass(ms: number): Promise<void> },
  happened: () => boolean,
  stepMs = 1_000,
): Promise<void> {
  const giveUpAtMs = performance.now() + 20_000;
  while (!happened()) {
    assert.ok(performance.now() < giveUpAtMs, 'this did not happen');
    await clock.pass(stepMs);
    await setTimeout(1);
  }
}
