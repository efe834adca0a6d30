import { createPseudonyms } from '../audit/index.ts';
import { Secret } from '../base/index.ts';
import { parseJson } from '../body/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Revocations } from '../control/index.ts';
import { type KeyRow, keyTable } from '../credential/index.ts';
import type { Log } from '../ports/index.ts';
import {
  type ProviderKeys,
  type ProviderLogout,
  type ProviderSettings,
  Sessions,
  type SessionSettings,
} from '../session/index.ts';
import {
  SESSION_NOTICES,
  SESSION_QUESTIONS,
  SESSION_USES,
  sessionSubject,
  type SessionQuestion,
  type SessionUse,
} from '../session/contract.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { PartOptions } from './credential-part.ts';
import { gatheredBytes, gatheredText } from './gathered-text.ts';
import { sessionTeller } from './session-teller.ts';

/** The sessions of a node, as the control side keeps them. */
export interface NodeSessions {
  readonly sessions: Sessions;
  retain(gathered: Gathered): void;
  close(): Promise<void>;
}

/** Opens them. Nobody signs in before a configuration is in force, and no provider is asked before somebody does. */
export function openNodeSessions(options: PartOptions, revocations: Pick<Revocations, 'revoke'>): NodeSessions {
  const { alerts, desks, host, keyring, metrics, record, store } = options;
  const { clock, egress, log, random } = host;
  const keys = new KeysOfProviders(options);
  const sessions = new Sessions({
    ...{ store, keyring, clock, random, log, egress, keys },
    readJson: parseJson,
    announce: ({ sessions: ids }) => desks.announce(SESSION_NOTICES, { sessions: ids }),
    signedOut: (logout) => void revokeTokens(logout, revocations, log),
    tell: sessionTeller({ alerts, clock, log, metrics, record, nameOf: createPseudonyms(pseudonymKey(keyring)) }),
  });
  // Both sides of the desk are ours: what a thread asks has the shape that the contract says.
  for (const ask of SESSION_QUESTIONS)
    desks.serve(
      sessionSubject(ask),
      async (question) => ({ ...(await sessions.answer(question as unknown as SessionQuestion)) }) as never,
    );
  desks.hear(SESSION_USES, (uses) => sessions.use(uses as unknown as readonly SessionUse[]));
  return {
    sessions,
    retain: (gathered) => {
      keys.follow(gathered);
      sessions.follow(settingsOf(gathered));
    },
    close: () => sessions.close(),
  };
}

/**
 * Who has signed out at their issuer has access tokens of it besides, which other clients were given: those of that session
 * are taken no more, whenever they were issued, or those issued up to now by the issuer's clock, by which it says so.
 */
async function revokeTokens(
  { issuer, issuerId, subject, sessionId, atMs }: ProviderLogout,
  revocations: Pick<Revocations, 'revoke'>,
  log: Log,
): Promise<void> {
  const failed = (detail: string): void =>
    log.write('error', 'session.tokens-not-revoked', 'tokens of somebody who signed out are still taken', {
      ...{ issuer, detail },
    });
  try {
    const revoked = await revocations.revoke({
      ...(sessionId === null
        ? { what: 'logout', value: subject ?? '', beforeMs: atMs }
        : { what: 'logout-session', value: sessionId, beforeMs: null }),
      ...{ issuer: issuerId, until: 'lifetime', reason: 'signed out at the issuer' },
      author: `issuer ${issuer}`,
      told: true,
    });
    if (!revoked.ok) failed(revoked.error);
  } catch (fault) {
    failed(fault instanceof Error ? fault.name : 'unknown fault');
  }
}

/** The keys of the issuers that people sign in with: those that tokens are verified by, from the same tables. */
class KeysOfProviders implements ProviderKeys {
  readonly #options: Pick<PartOptions, 'tables' | 'wantKeys'>;
  #tables: ReadonlyMap<string, string> = new Map();

  constructor(options: Pick<PartOptions, 'tables' | 'wantKeys'>) {
    this.#options = options;
  }

  follow({ config }: Gathered): void {
    this.#tables = new Map(
      config.sessions.providers.flatMap(({ issuer: { name, issuer, keys: origin } }) =>
        origin.kind === 'file' ? [] : [[name, keyTable({ name, issuer, origin }).name]],
      ),
    );
  }

  rows(issuer: string): ReadonlyMap<string, KeyRow> {
    const table = this.#tables.get(issuer);
    return table === undefined ? new Map() : this.#options.tables.read<KeyRow>(table).rows;
  }

  want(issuer: string, asker: 'sign-in' | 'logout'): Promise<void> | null {
    return this.#options.wantKeys(issuer, `sessions ${asker}`);
  }
}

/** What a configuration says of sessions, with the secrets that it names. */
export function settingsOf({ config, files, secrets }: Gathered): SessionSettings {
  const { providers, idleMs, absoluteMs, afterLogout } = config.sessions;
  return {
    limits: { idleMs, absoluteMs, afterLogout },
    providers: providers.map(({ issuer, proof, ...login }): ProviderSettings => {
      const { name, caFile, algorithms, tenants, hostedDomains, skewMs, keys } = issuer;
      const value = new Secret(gatheredBytes(secrets, proof.reference));
      const { clientId, scopes, prompt, acrValues, par, userinfo } = login;
      return {
        ...{ name, issuer: issuer.issuer, algorithms, tenants, hostedDomains, skewMs },
        ...{ clientId, scopes, prompt, acrValues, par, userinfo },
        proof: proof.kind === 'secret' ? { kind: 'secret', value } : { kind: 'private-key', value, kid: proof.kid },
        ca: caFile === undefined ? null : gatheredText(files, caFile),
        keysUrl: keys.kind === 'url' ? keys.url : null,
      };
    }),
  };
}
