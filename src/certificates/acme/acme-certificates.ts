import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateMaterial, Certificates, DnsHook, Egress, Store } from '../../ports/index.ts';
import { withoutNames } from '../choose.ts';
import type { CertificateKeeper, CertificatePorts } from '../keeper.ts';
import { canonicalName, isAddress } from '../names.ts';
import { Account } from './account.ts';
import { CertifiedName } from './certified-name.ts';
import { Answers, type PublishAnswers } from './challenge.ts';
import { FellowNodes } from './fellow-nodes.ts';
import { type NameLeases, sharedLeases, soleNode } from './lease.ts';
import type { Authority } from './obtain.ts';
import { ACME_ACCOUNTS } from './records.ts';
import { AcmeSession } from './session.ts';
import type { AcmeSettings, AuthoritySettings } from './settings.ts';
import { Turns } from './turns.ts';

/** A context for TLS has its price, and each name costs an order. */
const NAME_LIMIT = 500;
/** CAs count orders that are open at the same time. */
const ORDERS_AT_ONCE = 4;
/** All that a gateway asks of others goes by 64 ways, and certificates must not take them all. */
const QUESTIONS_AT_ONCE = 4;

/** What certificates by ACME take from outside besides. */
export interface AcmePorts extends CertificatePorts {
  readonly egress: Egress;
  readonly store: Store;
  /** Whether other nodes have the store open too, and keep the same names. */
  readonly isShared: boolean;
  readonly publish: PublishAnswers;
  /** Changes the DNS; null where dns-01 is not among the challenges. */
  readonly hook: DnsHook | null;
  /** An order with the CA of this directory ended so. */
  readonly ordered: (directory: string, result: 'issued' | 'failed') => void;
}

/** Which certificates to keep. */
export interface AcmeOptions {
  readonly settings: AcmeSettings;
  /** The hosts that are served. */
  readonly names: readonly string[];
  /** What serves the names that have no certificate yet. It is somebody else's to close. */
  readonly fallback: Certificates;
  readonly ports: AcmePorts;
  readonly changed: () => void;
}

/** A keeper that asks nobody before `begin`: a CA calls back, and somebody must listen by then. */
export interface AcmeKeeper extends CertificateKeeper {
  begin(): void;
}

/**
 * Opens the certificates that were obtained before. It never waits for a CA: a name without one is served with the
 * fallback's until there is one. The error is in words for the operator.
 */
export async function openAcmeCertificates(options: AcmeOptions): Promise<Result<AcmeKeeper, string>> {
  const keeper = new AcmeCertificates(options);
  const named = await keeper.setNames(options.names);
  if (named.ok) return ok(keeper);
  keeper.close();
  return named;
}

class AcmeCertificates implements AcmeKeeper {
  readonly #options: AcmeOptions;
  readonly #authorities: readonly Authority[];
  readonly #answers: Answers;
  readonly #leases: NameLeases;
  readonly #fellows: FellowNodes | null;
  readonly #turns = { orders: new Turns(ORDERS_AT_ONCE), questions: new Turns(QUESTIONS_AT_ONCE) };
  readonly #names = new Map<string, CertifiedName>();
  /** Names that were taken out and whose order has not ended yet. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #stop: () => void;
  #begun = false;
  /** What was served when it was last told. */
  #told = '';

  constructor(options: AcmeOptions) {
    this.#options = options;
    const { hook, isShared, store } = options.ports;
    this.#leases = isShared ? sharedLeases(options.ports) : soleNode(store);
    const directories = options.settings.authorities.map(({ directory }) => directory);
    this.#fellows = isShared ? new FellowNodes({ ...options.ports, directories }) : null;
    const { settleMs } = options.settings;
    const dns = hook === null || settleMs === null ? null : { hook, settleMs };
    this.#answers = new Answers({ ...options.ports, dns });
    const { signal } = this.#closing;
    this.#authorities = options.settings.authorities.map((settings) => authorityOf(settings, options, signal));
    this.#stop = options.fallback.onChange(() => this.#tell());
  }

  begin(): void {
    this.#begun = true;
    this.#fellows?.begin();
    for (const certified of this.#names.values()) certified.begin();
  }

  current(): readonly CertificateMaterial[] {
    const issued = [...this.#names.values()].flatMap(({ material }) => material ?? []);
    const certified = issued.flatMap(({ names }) => names);
    // First stands what a client gets that names no host of ours: the local one, whatever hosts come and go.
    return [...withoutNames(this.#options.fallback.current(), certified), ...issued];
  }

  localCaPem(): string | null {
    return this.#options.fallback.localCaPem();
  }

  async setNames(hosts: readonly string[]): Promise<Result<void, string>> {
    const wanted = namesToCertify(this.#options.settings.names ?? hosts);
    if (!wanted.ok) return wanted;
    for (const name of this.#names.keys()) if (!wanted.value.has(name)) this.#remove(name);
    for (const name of wanted.value) if (!this.#names.has(name)) await this.#add(name);
    this.#tell();
    return ok(undefined);
  }

  close(): void {
    this.#stop();
    this.#closing.abort();
    void this.#fellows?.close();
    for (const name of [...this.#names.keys()]) this.#remove(name);
  }

  /** Calls back where another certificate is served than before, and only there: each thread takes them all anew. */
  #tell(): void {
    const now = JSON.stringify(this.current().map(({ names, chainPem }) => [names, chainPem]));
    if (now === this.#told) return;
    this.#told = now;
    this.#options.changed();
  }

  #remove(name: string): void {
    const closed = this.#names.get(name)?.close();
    this.#names.delete(name);
    if (closed === undefined) return;
    // It may have been put back and taken out again before the order of the first had ended.
    const left = Promise.all([closed, this.#leaving.get(name)]).then(() => {
      if (this.#leaving.get(name) === left) this.#leaving.delete(name);
    });
    this.#leaving.set(name, left);
  }

  async #add(name: string): Promise<void> {
    const { settings, ports } = this.#options;
    const certified = new CertifiedName({
      name,
      authorities: this.#authorities,
      challenges: settings.challenges,
      profile: settings.profile,
      store: ports.store,
      leases: this.#leases,
      fellows: this.#fellows,
      answers: this.#answers,
      turns: this.#turns,
      ports,
      ordered: ports.ordered,
      changed: () => this.#tell(),
    });
    await certified.load();
    this.#names.set(name, certified);
    if (!this.#begun) return;
    const leaving = this.#leaving.get(name);
    if (leaving === undefined) certified.begin();
    else void leaving.then(() => this.#takeUp(certified));
  }

  /** Its order of before has ended, and may have brought a certificate. */
  async #takeUp(certified: CertifiedName): Promise<void> {
    await certified.load();
    this.#tell();
    certified.begin();
  }
}

function authorityOf(
  { directory, caPem, externalAccount }: AuthoritySettings,
  { settings: { email }, ports }: AcmeOptions,
  signal: AbortSignal,
): Authority {
  const { egress, clock, store } = ports;
  const session = new AcmeSession({ directory, caPem, egress, clock, signal });
  const account = new Account({ session, accounts: store.collection(ACME_ACCOUNTS), email, externalAccount });
  return { session, account };
}

/** Addresses and names without a dot are nothing that a public CA certifies (CA/Browser Forum BR §7.1.4.2.1). */
function namesToCertify(given: readonly string[]): Result<ReadonlySet<string>, string> {
  const names = new Set<string>();
  for (const text of given) {
    const name = canonicalName(text);
    if (!name.ok) return name;
    if (!isAddress(name.value) && name.value.includes('.')) names.add(name.value);
  }
  return names.size > NAME_LIMIT ? err(`${names.size} names are more than the ${NAME_LIMIT} there may be`) : ok(names);
}
