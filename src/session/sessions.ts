import { issuerNames, type JsonReader } from '../credential/index.ts';
import type { Clock, Egress, Keyring, Log, Random, Store } from '../ports/index.ts';
import type {
  BackchannelAnswer,
  BeginAnswer,
  CallbackAnswer,
  EndAnswer,
  FindAnswer,
  SessionNotice,
  SessionQuestion,
  SessionUse,
} from './contract.ts';
import type { TellSessionEvent } from './events.ts';
import { Provider, type ProviderKeys } from './provider.ts';
import { Refreshing } from './refreshing.ts';
import { personOf } from './session-index.ts';
import { type KeptSession, SessionKeeper } from './session-keeper.ts';
import type { ProviderSettings, SessionSettings } from './settings.ts';
import { SigningIn } from './signing-in.ts';
import { type ProviderLogout, SigningOut } from './signing-out.ts';

/** What sessions work with, in the main thread. */
export interface SessionsOptions {
  readonly store: Store;
  readonly keyring: Pick<Keyring, 'mac' | 'seal' | 'open'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly egress: Egress;
  readonly readJson: JsonReader;
  readonly keys: ProviderKeys;
  /** Tells all threads. */
  readonly announce: (notice: SessionNotice) => void;
  /** Hears of what providers tell of who has signed out there. */
  readonly signedOut: (logout: ProviderLogout) => void;
  readonly tell: TellSessionEvent;
}

/** A session as operators see it. Nothing of it opens anything. */
export interface SessionSummary {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly startedAt: number;
  readonly usedAt: number;
  readonly endsAt: number;
  /** Whether new tokens can be had for it. */
  readonly refreshes: boolean;
}

/** Which sessions an operator ends: one, or all of a person. */
export type SessionsToEnd = { readonly id: string } | { readonly issuer: string; readonly subject: string };

/** What is answered to each question. */
export type SessionAnswer = BeginAnswer | CallbackAnswer | FindAnswer | EndAnswer | BackchannelAnswer;

/** The sessions of browsers, and who signs in: the control side of them. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #keeper: SessionKeeper;
  readonly #signingIn: SigningIn;
  readonly #signingOut: SigningOut;
  readonly #refreshing: Refreshing;
  #providers: ReadonlyMap<string, Provider> = new Map();
  #settings: SessionSettings | null = null;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { store, clock, log, announce } = options;
    this.#keeper = new SessionKeeper({ store, clock, log, changed: (sessions) => announce({ sessions }) });
    const shared = {
      ...options,
      keeper: this.#keeper,
      provider: (name: string) => this.#providers.get(name) ?? null,
      limits: () => this.#settings?.limits ?? null,
    };
    this.#signingOut = new SigningOut(shared);
    this.#signingIn = new SigningIn({
      ...shared,
      signedOutSince: (session, sinceMs) => this.#signingOut.signedOutSince(session, sinceMs),
    });
    this.#refreshing = new Refreshing(shared);
  }

  /** From now on these providers and limits hold. A provider that is as it was is asked no further. */
  follow(settings: SessionSettings): void {
    this.#settings = settings;
    this.#keeper.follow(settings);
    const before = this.#providers;
    this.#providers = new Map(
      settings.providers.map((one) => {
        const known = before.get(one.name);
        return [
          one.name,
          known !== undefined && isSame(known.settings, one) ? known : new Provider(one, this.#options),
        ];
      }),
    );
  }

  /** Answers a thread. What can't be done rejects, and then the thread knows nothing. */
  async answer(question: SessionQuestion): Promise<SessionAnswer> {
    switch (question.ask) {
      case 'begin':
        return await this.#signingIn.begin(question);
      case 'callback':
        return await this.#signingIn.callback(question);
      case 'find': {
        const found = await this.#keeper.find(question.session);
        return { view: found === null ? null : this.#keeper.view(found) };
      }
      case 'refresh':
        return { view: await this.#refreshing.refresh(question.session, question.version) };
      case 'end':
        return await this.#signingOut.end(question);
      case 'backchannel':
        return { ok: await this.#signingOut.hear(question.issuer, question.body) };
      default:
        return question satisfies never;
    }
  }

  /** A thread tells which were used. */
  use(uses: readonly SessionUse[]): void {
    this.#keeper.use(uses);
  }

  /** Those that were used last stand first. */
  async list(limit: number): Promise<readonly SessionSummary[]> {
    return (await this.#keeper.newest(limit)).map(summaryOf);
  }

  /** Those of one person. */
  async listOf(person: Extract<SessionsToEnd, { readonly subject: string }>): Promise<readonly SessionSummary[]> {
    return (await this.#found(person)).map(summaryOf);
  }

  /** An operator ends them; how many there were. */
  async end(which: SessionsToEnd, author: string): Promise<number> {
    const found = await this.#found(which);
    await this.#signingOut.endAll(found, 'operator', author);
    return found.length;
  }

  /** How many there are. */
  async count(): Promise<number> {
    return await this.#keeper.count();
  }

  /** Resolves when what is known of their use has been written. */
  async close(): Promise<void> {
    await this.#keeper.close();
  }

  async #found(which: SessionsToEnd): ReturnType<SessionKeeper['of']> {
    if ('id' in which) {
      const document = await this.#keeper.find(which.id);
      return document === null ? [] : [{ id: which.id, document }];
    }
    const settings = this.#providers.get(which.issuer)?.settings;
    if (settings === undefined) return [];
    const people = issuerNames(settings).map((issuer) => personOf(this.#options.keyring, issuer, which.subject));
    const found = await Promise.all(people.map((person) => this.#keeper.of({ person })));
    return found.flat();
  }
}

function summaryOf({ id, document }: KeptSession): SessionSummary {
  const { issuer, held, startedAtMs, usedAtMs, endsAtMs, refreshAtMs } = document;
  const times = { startedAt: startedAtMs, usedAt: usedAtMs, endsAt: endsAtMs };
  return { id, issuer, subject: held.subject, ...times, refreshes: refreshAtMs !== null };
}

/** Whether nothing has changed that is said to a provider, or read of it. */
function isSame(one: ProviderSettings, other: ProviderSettings): boolean {
  const words = ({ proof: { value: _value, ...proof }, ...rest }: ProviderSettings): string =>
    JSON.stringify([rest, proof]);
  return words(one) === words(other) && one.proof.value.revealText() === other.proof.value.revealText();
}
