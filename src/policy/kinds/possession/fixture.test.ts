// No tests here: clients that prove something, and a thread that judges it. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { createHash, type KeyObject, sign } from 'node:crypto';
import { type Confirmation, DpopNonces } from '../../../credential/index.ts';
import type { Use, Used } from '../../../ports/index.ts';
import type { Exchange, Slot } from '../../exchange.ts';
import type { ResponseEditor } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import { type AuthenticateVerdict } from '../../verdict.ts';
import { usedCredential } from '../../used-credential.ts';
import type { PossessionConfig } from './config.ts';
import { createPossessionKind } from './kind.ts';

/** Noon of a day in 2026, in seconds. */
export const NOW = 1_780_315_200;
export const TOKEN = 'header.claims.signature';
const FINGERPRINT = Array.from({ length: 32 }, (_, at) => at.toString(16).padStart(2, '0').toUpperCase()).join(':');

/** A client with a key. */
export class Prover {
  readonly algorithm: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly privateJwk: Readonly<Record<string, unknown>>;
  readonly thumbprint: string;
  readonly #key: KeyObject;

  constructor(algorithm: string, { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }) {
    this.algorithm = algorithm;
    this.#key = privateKey;
    this.jwk = publicKey.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>;
    this.privateJwk = privateKey.export({ format: 'jwk' }) as Readonly<Record<string, unknown>>;
    // RFC 7638 §3.2: the members that a key of its type must have, by name.
    const members = Object.entries(this.jwk).toSorted(([one], [other]) => (one < other ? -1 : 1));
    this.thumbprint = createHash('sha256')
      .update(JSON.stringify(Object.fromEntries(members)))
      .digest('base64url');
  }

  sign(input: string, dsaEncoding: 'ieee-p1363' | 'der'): Buffer {
    const hash = this.algorithm === 'EdDSA' ? null : `sha${this.algorithm.slice(2)}`;
    return sign(hash, Buffer.from(input), { key: this.#key, dsaEncoding });
  }
}

/** What is not as it should be; a member that is null is left out. */
export interface Changed {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly spoiled: string | null;
}

/** A proof of `GET https://api.example/orders/7` with the token, made now. */
export function proofOf(prover: Prover, { header, claims, spoiled }: Changed): string {
  const head = { typ: 'dpop+jwt', alg: prover.algorithm, jwk: prover.jwk, ...header };
  const ath = createHash('sha256').update(TOKEN).digest('base64url');
  const said = { jti: 'one', htm: 'GET', htu: 'https://api.example/orders/7', iat: NOW, ath, ...claims };
  const input = [head, said].map(part).join('.');
  const signature = prover.sign(input, spoiled === 'der' ? 'der' : 'ieee-p1363');
  return spoil(`${input}.${signature.toString('base64url')}`, spoiled);
}

function part(members: Readonly<Record<string, unknown>>): string {
  const kept = Object.entries(members).filter(([, value]) => value !== null);
  return Buffer.from(JSON.stringify(Object.fromEntries(kept))).toString('base64url');
}

function spoil(proof: string, how: string | null): string {
  const end = proof.lastIndexOf('.') + 1;
  switch (how) {
    case 'signature':
      return `${proof.slice(0, end)}${proof[end] === 'A' ? 'B' : 'A'}${proof.slice(end + 1)}`;
    case 'zero':
      return `${proof.slice(0, end)}${Buffer.alloc(64).toString('base64url')}`;
    case 'padded':
      return `${proof}==`;
    case 'cut':
      return proof.slice(0, end - 1);
    case 'spaced':
      return proof.replace('.', '. ');
    case 'long':
      return `${'A'.repeat(9_000)}${proof}`;
    case 'dots':
      return '.'.repeat(7_000);
    case 'twice in a field':
      return `${proof}, ${proof}`;
    case null:
    default:
      return proof;
  }
}

/** A thread with its clock and its memory of replays. What tests change is public. */
export class Thread {
  nowMs = NOW * 1_000;
  sinceMs = 0;
  room = true;
  /** Who has taken all that one source may. */
  greedy: string | null = null;
  readonly used: string[] = [];
  readonly alerts: string[] = [];
  readonly nonces = new DpopNonces(new Uint8Array(32).fill(7));

  readonly kind = createPossessionKind(
    {
      clock: { now: () => this.nowMs, monotonic: () => 0 },
      proofs: { replays: this, nonces: this.nonces },
      alerts: ({ kind, key }) => void this.alerts.push(`${kind} ${key}`),
    },
    {
      // Enough of the codec's readers for addresses as they stand in these tests.
      readAuthority: (text) => {
        const [, host = '', port = ''] = /^([a-z0-9.-]+?)\.?(?::([0-9]+))?$/i.exec(text) ?? [];
        return host === '' ? null : { host: host.toLowerCase(), port: port === '' ? null : Number(port) };
      },
      canonicalizeTarget: (text) =>
        text.includes('/..') ? { fault: 'dot-segment' } : { fault: null, path: text.replaceAll('%37', '7') },
    },
  );

  use({ key, source, madeAtMs }: Used): Use {
    const named = `${key} ${madeAtMs}`;
    if (this.used.includes(named)) return 'again';
    if (!this.room) return 'full';
    if (this.greedy === source) return 'exceeded';
    this.used.push(named);
    return 'first';
  }
}

/** What a token is bound to. */
export type Bound = 'key' | 'other key' | 'certificate' | 'other certificate' | 'both' | 'other key of both' | null;

/** A request, and what is configured for it. */
export interface Asked {
  readonly thread: Thread;
  readonly prover: Prover;
  readonly proofs: readonly string[];
  readonly nonce: 'off' | 'required';
  readonly bound?: Bound;
  readonly scheme?: string | null;
  readonly method?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly certificate?: boolean;
  /** Whether the certificate has ended, or is of a proxy. */
  readonly ended?: boolean;
  readonly proxied?: boolean;
  readonly caller?: boolean;
  readonly subject?: string;
  readonly credentials?: 'remove' | 'pass';
}

/** What is said of it, and what it left behind. */
export interface Said {
  readonly verdict: AuthenticateVerdict;
  readonly besides: string | null;
  readonly renewed: string | null;
}

/** What the steps say of a request. */
export function askWith(asked: Asked): Said {
  const { thread, nonce, credentials = 'remove' } = asked;
  const config: PossessionConfig = { open: [], closed: [], openByDefault: false, nonce, credentials };
  const operation = { id: 'orders/getOrder', api: 'orders', name: 'getOrder' } as Operation;
  const compiled = thread.kind.compile(config, { operations: [operation] } as never, {} as never);
  assert.ok(compiled.ok);
  const steps = compiled.value.get(operation.id) ?? assert.fail();
  const exchange = exchangeOf(asked, operation);
  const verdict = steps.authenticate?.run(exchange) ?? assert.fail();
  assert.ok(!(verdict instanceof Promise));
  let renewed: string | null = null;
  const editor = { setHeader: (name: string, value: string) => (renewed = `${name}: ${value}`) };
  void steps.respond?.run(exchange, {} as never, editor as unknown as ResponseEditor);
  return { verdict, besides: exchange.slot(usedCredential).besides, renewed };
}

function exchangeOf(asked: Asked, operation: Operation): Exchange {
  const { proofs, scheme = 'DPoP', method = 'GET', host = 'api.example', port = null, path = '/orders/7' } = asked;
  const { caller = true, certificate = false, bound = 'key', prover, thread } = asked;
  const fields = [
    ...(scheme === null ? [] : [['authorization', `${scheme} ${TOKEN}`] as const]),
    ...proofs.map((proof) => ['dpop', proof] as const),
  ];
  const all = (name: string): readonly string[] => fields.flatMap(([one, value]) => (one === name ? [value] : []));
  const get = (name: string): string | null => (all(name).length === 0 ? null : all(name).join(', '));
  const headers = { all, get, has: (name: string) => all(name).length > 0 };
  const notAfterMs = (NOW + (asked.ended === true ? 0 : 60)) * 1_000;
  const tls = { client: certificate ? { fingerprint256: FINGERPRINT, notAfterMs } : null };
  const via = asked.proxied === true ? ['192.0.2.1'] : [];
  const { subject = 'ada' } = asked;
  const who = { issuer: 'https://id.example', subject };
  const principal = caller ? { ...who, confirmation: confirmationOf(bound, prover) } : null;
  const slots = new Map<unknown, unknown>();
  const slot = <T>(one: Slot<T>): T => {
    if (!slots.has(one)) slots.set(one, one.initial());
    return slots.get(one) as T;
  };
  const request = { method, host, port, path, headers, peer: { tls, via } };
  return { operation, principal, request, slot, startedAtMs: thread.nowMs } as unknown as Exchange;
}

function confirmationOf(bound: Bound, { thumbprint }: Prover): Confirmation | null {
  const other = createHash('sha256').digest('base64url');
  const certificate = Buffer.from(FINGERPRINT.replaceAll(':', ''), 'hex').toString('base64url');
  switch (bound) {
    case 'key':
      return { key: thumbprint, certificate: null };
    case 'other key':
      return { key: other, certificate: null };
    case 'certificate':
      return { key: null, certificate };
    case 'other certificate':
      return { key: null, certificate: other };
    case 'both':
      return { key: thumbprint, certificate };
    case 'other key of both':
      return { key: other, certificate };
    case null:
      return null;
  }
}

/** A verdict in words: of a refusal its code and rule, and the error that the challenge names. */
export function wordsOf({ verdict }: Said): string {
  if (verdict.kind !== 'deny') return verdict.kind;
  const field = verdict.problem.headers?.find(([name]) => name === 'www-authenticate')?.[1] ?? '';
  const error = /^(\w+) .*error="([a-z_]+)"/.exec(field);
  return [verdict.problem.code, verdict.rule, ...(error === null ? [] : error.slice(1))].join(' ');
}
