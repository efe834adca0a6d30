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
  type SessionQuestion,
  type SessionUse,
} from '../session/contract.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { PartOptions } from './credential-part.ts';
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
  desks.serve(
    SESSION_QUESTIONS,
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
 * Who has signed out at their issuer has access tokens of it besides, which other clients were given: those issued up to
 * now are taken no more.
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
      ...(sessionId === null ? { what: 'subject', value: subject ?? '' } : { what: 'session', value: sessionId }),
      ...{ issuer: issuerId, beforeMs: atMs, until: 'lifetime', reason: 'signed out at the issuer' },
      author: `issuer ${issuer}`,
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

  want(issuer: string): Promise<void> | null {
    return this.#options.wantKeys(issuer, 'sessions');
  }
}

function settingsOf({ config, secrets }: Gathered): SessionSettings {
  const { providers, idleMs, absoluteMs, afterLogout } = config.sessions;
  return {
    limits: { idleMs, absoluteMs, afterLogout },
    providers: providers.map(({ issuer, proof, ...login }): ProviderSettings => {
      const bytes = Object.hasOwn(secrets, proof.reference) ? secrets[proof.reference] : undefined;
      if (bytes === undefined) throw new Error('a configuration names a secret that was not gathered');
      const { name, algorithms, hostedDomains, skewMs, keys } = issuer;
      const { clientId, scopes, prompt, acrValues, par, userinfo } = login;
      return {
        ...{ name, issuer: issuer.issuer, algorithms, hostedDomains, skewMs },
        ...{ clientId, scopes, prompt, acrValues, par, userinfo },
        proof: { kind: proof.kind, value: new Secret(bytes) },
        keysUrl: keys.kind === 'url' ? keys.url : null,
      };
    }),
  };
}
