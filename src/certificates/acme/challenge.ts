import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import type { Clock, DnsHook, Log, Random } from '../../ports/index.ts';
import { issueChallenge } from '../issue.ts';
import { chainPem } from '../pem.ts';
import { type AcmeFault, fault } from './fault.ts';
import type { ChallengeKind } from './settings.ts';
import { Turns } from './turns.ts';
import { wait } from './wait.ts';

/** An answer that the gateway gives to a CA while that looks whether a name is ours. */
export type ChallengeAnswer =
  /** To GET of `/.well-known/acme-challenge/TOKEN` (RFC 8555 §8.3). */
  | { readonly kind: 'http-01'; readonly token: string; readonly keyAuthorization: string }
  /** To a TLS client that offers `acme-tls/1` for this name (RFC 8737); PEM. */
  | { readonly kind: 'tls-alpn-01'; readonly name: string; readonly chainPem: string; readonly keyPem: string };

/** Gives all answers there are to whoever serves, and resolves when every thread that serves has them. */
export type PublishAnswers = (answers: readonly ChallengeAnswer[]) => Promise<void>;

/** A challenge as a CA has set it. */
export interface Challenge {
  readonly kind: ChallengeKind;
  readonly name: string;
  readonly keyAuthorization: string;
  readonly token: string;
}

/** How records come into the DNS, and how long after it they are looked for. */
export interface DnsAnswers {
  readonly hook: DnsHook;
  readonly settleMs: number;
}

/** What answers work with. `dns` is null where nobody can change the DNS for us. */
export interface AnswerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly publish: PublishAnswers;
  readonly log: Log;
  readonly dns: DnsAnswers | null;
}

const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;
const DAY_MS = 86_400_000;

/** Whether a text may be a token: base64url of 128 bits at least (RFC 8555 §8.3), and of sane length. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The answers that are being given: one for each challenge that is under way. */
export class Answers {
  readonly #ports: AnswerPorts;
  readonly #given = new Set<ChallengeAnswer>();
  /** Programs that change a zone are seldom made to run beside themselves. */
  readonly #hookTurns = new Turns(1);

  constructor(ports: AnswerPorts) {
    this.#ports = ports;
  }

  /**
   * Begins to answer a challenge; when this resolves every thread does. Gives what ends it, which never rejects: an answer
   * that can't be taken back now is taken back with the next one.
   */
  async give(challenge: Challenge, signal: AbortSignal): Promise<Result<() => Promise<void>, AcmeFault>> {
    const { kind } = challenge;
    return kind === 'dns-01' ? await this.#giveByDns(challenge, signal) : await this.#give({ ...challenge, kind });
  }

  async #giveByDns(
    { name, keyAuthorization }: Challenge,
    signal: AbortSignal,
  ): Promise<Result<() => Promise<void>, AcmeFault>> {
    const { dns, clock } = this.#ports;
    if (dns === null) return err(fault('challengeUnavailable', 'no hook changes the DNS'));
    const record = {
      name: `_acme-challenge.${baseOf(name)}`,
      value: createHash('sha256').update(keyAuthorization).digest('base64url'),
    };
    const end = async (): Promise<void> => {
      // What it says is in the log, and a record that stays does no harm.
      await this.#hookTurns.run(() => dns.hook.run('cleanup', record));
    };
    const present = await this.#hookTurns.run(() => dns.hook.run('present', record));
    if (present.ok) {
      await wait(clock, dns.settleMs, signal);
      return ok(end);
    }
    await end();
    return err(fault('hookFailed', `the hook for DNS ${present.error}`));
  }

  async #give(challenge: AnsweredHere): Promise<Result<() => Promise<void>, AcmeFault>> {
    const answer = await answerTo(challenge, this.#ports);
    this.#given.add(answer);
    const end = async (): Promise<void> => {
      this.#given.delete(answer);
      const failure = await this.#publish();
      if (failure !== null) this.#ports.log.write('warn', 'acme.answer-stands', failure);
    };
    const failure = await this.#publish();
    if (failure === null) return ok(end);
    await end();
    return err(fault('notPublished', failure));
  }

  /** What went wrong, in words; null where nothing did. */
  async #publish(): Promise<string | null> {
    try {
      await this.#ports.publish([...this.#given]);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : 'unknown fault';
    }
  }
}

/** A challenge that the gateway itself answers. */
type AnsweredHere = Challenge & { readonly kind: ChallengeAnswer['kind'] };

/** The name that is looked at for a wildcard (RFC 8555 §7.1.3): that without the asterisk; any other is itself. */
export function baseOf(name: string): string {
  return name.replace(/^\*\./, '');
}

async function answerTo(challenge: AnsweredHere, { clock, random }: AnswerPorts): Promise<ChallengeAnswer> {
  const { kind, name, token, keyAuthorization } = challenge;
  switch (kind) {
    case 'http-01':
      return { kind, token, keyAuthorization };
    case 'tls-alpn-01': {
      const digest = createHash('sha256').update(keyAuthorization).digest();
      const validity = { notBeforeMs: clock.now() - DAY_MS, notAfterMs: clock.now() + DAY_MS };
      const { chain, key } = await issueChallenge(name, digest, validity, random);
      return { kind, name, chainPem: chainPem(chain), keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
    }
  }
}
