import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ClientMetadata } from 'oidc-provider';
import {
  createDiskFiles,
  createOutboundEgress,
  createSystemClock,
  createSystemRandom,
  createSystemResolver,
  openFileKeyring,
  openSqliteStore,
} from '../../src/adapters/index.ts';
import { Secret } from '../../src/base/index.ts';
import { parseJson } from '../../src/body/index.ts';
import { fetchIssuerKeys, type KeyRow } from '../../src/credential/index.ts';
import type { Clock, Egress, Keyring, Store } from '../../src/ports/index.ts';
import type { CallbackAnswer, SessionView } from '../../src/session/contract.ts';
import {
  type ProviderLogout,
  type ProviderSettings,
  type SessionEvent,
  type SessionLimits,
  Sessions,
} from '../../src/session/index.ts';
import { followSignIn, type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';

export const ORIGIN = 'https://app.example';
const CALLBACK = `${ORIGIN}/.portcullis/callback/acme`;
export const CLIENT = {
  client_id: 'gateway',
  client_secret: 'a secret of more than sixteen characters',
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [`${ORIGIN}/`],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'] as 'code'[],
  id_token_signed_response_alg: 'ES256' as const,
};

/** Sessions over a store on the disk and real sockets, and what they told. */
export interface SessionControl {
  readonly sessions: Sessions;
  readonly store: Store;
  /** Time goes on by what is added here. */
  readonly time: { aheadMs: number };
  readonly events: SessionEvent[];
  readonly notices: string[];
  readonly logouts: ProviderLogout[];
  /** For whom newer keys were asked. */
  readonly wanted: string[];
  readonly settings: ProviderSettings;
  follow(settings?: Partial<ProviderSettings>, limits?: Partial<SessionLimits>): void;
  /** Another one over the same store, as after a restart. */
  again(): SessionControl;
}

/** A provider that nobody here wrote, and sessions of people who sign in there. */
export interface SessionsBeside {
  readonly peer: OpenIdProvider;
  readonly control: SessionControl;
}

/** Starts both; `client` is what the provider knows of us. */
export async function start(t: TestContext, client: ClientMetadata = CLIENT): Promise<SessionsBeside> {
  const peer = await startOpenIdProvider(t, client);
  return { peer, control: await openSessionControl(t, peer.issuer) };
}

interface Parts {
  readonly issuer: string;
  /** What of the provider is to be another way than it is. */
  readonly adapt: (egress: Egress) => Egress;
  readonly store: Store;
  readonly keyring: Pick<Keyring, 'mac' | 'seal' | 'open'>;
}

/** Opens them for one provider, `acme`. */
export async function openSessionControl(
  t: TestContext,
  issuer: string,
  adapt: (egress: Egress) => Egress = (egress) => egress,
): Promise<SessionControl> {
  const folder = mkdtempSync(join(tmpdir(), 'sessions-'));
  const clock = createSystemClock();
  const files = createDiskFiles({ clock });
  const keyring = await openFileKeyring({
    path: join(folder, 'keyring.json'),
    ...{ files, random: createSystemRandom(), passphrase: null },
  });
  if (!keyring.ok) throw new Error(keyring.error);
  const store = await openSqliteStore({ path: join(folder, 'store.sqlite'), keyring: keyring.value, clock });
  if (!store.ok) throw new Error(store.error.detail);
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closing) await close();
    await store.value.close();
    rmSync(folder, { recursive: true });
  });
  return open({ issuer, adapt, store: store.value, keyring: keyring.value }, closing);
}

function open(parts: Parts, closing: (() => Promise<void>)[]): SessionControl {
  const { issuer, store, keyring } = parts;
  const time = { aheadMs: 0 };
  const system = createSystemClock();
  const clock: Clock = {
    now: () => system.now() + time.aheadMs,
    monotonic: () => system.monotonic() + time.aheadMs,
    after: (delayMs, callback) => system.after(delayMs, callback),
    every: (periodMs, callback) => system.every(periodMs, callback),
  };
  const egress = parts.adapt(
    createOutboundEgress({ resolver: createSystemResolver({ clock: system }), clock: system }),
  );
  const events: SessionEvent[] = [];
  const notices: string[] = [];
  const logouts: ProviderLogout[] = [];
  const wanted: string[] = [];
  let rows: ReadonlyMap<string, KeyRow> = new Map();
  const sessions = new Sessions({
    ...{ store, keyring, clock, egress, random: createSystemRandom() },
    log: { write: () => undefined },
    readJson: parseJson,
    keys: {
      rows: () => rows,
      want: async (_issuer, asker) => {
        wanted.push(asker);
        const fetched = await fetchIssuerKeys({ name: 'acme', issuer, origin: { kind: 'discovery' } }, egress);
        if (fetched.ok) rows = new Map(fetched.value.rows.map((row) => [row.thumbprint, row]));
      },
    },
    announce: (notice) => notices.push(...notice.sessions),
    signedOut: (logout) => logouts.push(logout),
    tell: (event) => events.push(event),
  });
  closing.push(() => sessions.close());
  const settings: ProviderSettings = {
    ...{ name: 'acme', issuer, clientId: CLIENT.client_id, tenants: null, hostedDomains: null, skewMs: 5_000 },
    algorithms: ['ES256', 'RS256'],
    proof: { kind: 'secret', value: new Secret(Buffer.from(CLIENT.client_secret)) },
    ...{ ca: null, keysUrl: null, prompt: null, acrValues: null, par: 'auto', userinfo: false },
    scopes: ['openid', 'offline_access'],
  };
  const control: SessionControl = {
    ...{ sessions, store, time, events, notices, logouts, wanted, settings },
    follow: (changed = {}, limits = {}) => {
      const usual = { idleMs: 1_800_000, absoluteMs: 43_200_000, afterLogout: '/' };
      sessions.follow({ providers: [{ ...settings, ...changed }], limits: { ...usual, ...limits } });
    },
    again: () => open(parts, closing),
  };
  control.follow();
  return control;
}

/** A browser that has begun to sign in. */
export interface Begun {
  readonly url: string;
  readonly binding: string;
}

/** The hash of what a cookie says. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

export async function begin(
  { sessions }: SessionControl,
  more: { acrValues?: string[]; maxAgeSeconds?: number; session?: string; returnTo?: string; origin?: string } = {},
): Promise<Begun> {
  const binding = hashOf(randomBytes(32).toString('base64url'));
  const question = { ask: 'begin', issuer: 'acme', origin: ORIGIN, returnTo: '/orders?page=2', binding } as const;
  const begun = await sessions.answer({ ...question, ...more });
  if (!('url' in begun) || begun.url === null) throw new Error(`nobody can begin: ${JSON.stringify(begun)}`);
  return { url: begun.url, binding };
}

/** What the provider sends the browser back with. */
export async function comeBack({ url }: Begun, jar?: Map<string, string>): Promise<string> {
  return (await followSignIn(url, CALLBACK, jar)).search.slice(1);
}

export async function callback(
  { sessions }: SessionControl,
  { binding }: Pick<Begun, 'binding'> | { binding: null },
  parameters: string,
  more: { session?: string; issuer?: string; origin?: string } = {},
): Promise<CallbackAnswer> {
  const question = { ask: 'callback', issuer: 'acme', origin: ORIGIN, parameters, binding, session: null } as const;
  return (await sessions.answer({ ...question, ...more })) as CallbackAnswer;
}

/** Somebody signs in; their session. */
export async function signIn(
  control: SessionControl,
  more: Parameters<typeof begin>[1] = {},
): Promise<{ readonly id: string; readonly hash: string; readonly view: SessionView }> {
  const begun = await begin(control, more);
  const answer = await callback(control, begun, await comeBack(begun));
  if (!answer.ok) throw new Error(`nobody signs in: ${answer.refusal} ${JSON.stringify(control.events.at(-1))}`);
  return { id: answer.id, hash: hashOf(answer.id), view: answer.view };
}

export async function find({ sessions }: SessionControl, session: string): Promise<SessionView | null> {
  const answer = await sessions.answer({ ask: 'find', session });
  return 'view' in answer ? answer.view : null;
}
