import { createPrivateKey } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import type { Collection } from '../../ports/index.ts';
import { type AcmeFault, fault } from './fault.ts';
import { bindExternally, newAccountKey, type Signer } from './jws.ts';
import type { AccountRecord } from './records.ts';
import type { AcmeSession } from './session.ts';
import type { ExternalAccount } from './settings.ts';

/** What opening an account takes. */
export interface AccountOptions {
  readonly session: AcmeSession;
  readonly accounts: Collection<AccountRecord>;
  readonly email: string;
  readonly externalAccount: ExternalAccount | null;
}

/**
 * Our account with a CA. It is opened at the first use, and made where there is none (RFC 8555 §7.3). The key is kept
 * before the CA hears of it, so that a crash can't leave an account that nobody has the key of: asked again with the
 * same key, the CA gives the same account. Where the e-mail address is another than it was told, it is told the new one.
 */
export class Account {
  readonly #options: AccountOptions;
  #opening: Promise<Result<Signer, AcmeFault>> | null = null;

  constructor(options: AccountOptions) {
    this.#options = options;
  }

  /** Who signs for it. Callers at the same time share one attempt, and the next ones its success. */
  async signer(): Promise<Result<Signer, AcmeFault>> {
    const opening = (this.#opening ??= open(this.#options));
    let opened = false;
    try {
      const signer = await opening;
      opened = signer.ok;
      return signer;
    } finally {
      if (!opened && this.#opening === opening) this.#opening = null;
    }
  }

  /** The CA no longer knows it: the key stays, and an account is made with it anew. */
  async forget(): Promise<void> {
    const { accounts, session } = this.#options;
    this.#opening = null;
    const record = await accounts.get(session.url);
    if (record !== null) await accounts.put(session.url, { ...record, url: '' });
  }
}

async function open(options: AccountOptions): Promise<Result<Signer, AcmeFault>> {
  const { session, accounts, email } = options;
  const record = await keptAccount(options);
  const key = createPrivateKey(record.key);
  if (record.url === '') return await register(options, { ...record, email });
  const signer: Signer = { key, account: record.url };
  if (record.email === email) return ok(signer);
  const told = await session.post(record.url, { contact: [`mailto:${email}`] }, signer);
  if (!told.ok) return told;
  await accounts.put(session.url, { ...record, email });
  return ok(signer);
}

/** Of two that make one at once, both get the same. */
async function keptAccount({ session, accounts, email }: AccountOptions): Promise<AccountRecord> {
  const kept = await accounts.get(session.url);
  if (kept !== null) return kept;
  const key = newAccountKey().export({ type: 'pkcs8', format: 'pem' });
  const fresh: AccountRecord = { url: '', email, key: key.toString() };
  if (await accounts.claim(session.url, fresh)) return fresh;
  return (await accounts.get(session.url)) ?? fresh;
}

async function register(options: AccountOptions, record: AccountRecord): Promise<Result<Signer, AcmeFault>> {
  const { session, accounts, externalAccount } = options;
  const directory = await session.directory();
  if (!directory.ok) return directory;
  const { newAccount, needsExternalAccount } = directory.value;
  if (needsExternalAccount && externalAccount === null) {
    return err(fault('externalAccountRequired', 'the CA wants an account of yours with it: set `eab`'));
  }
  const key = createPrivateKey(record.key);
  const bound =
    externalAccount === null ? {} : { externalAccountBinding: bindExternally(externalAccount, key, newAccount) };
  const wanted = { termsOfServiceAgreed: true, contact: [`mailto:${record.email}`], ...bound };
  const made = await session.post(newAccount, wanted, { key, account: null });
  if (!made.ok) return made;
  const url = made.value.location;
  if (url === null) return err(fault('malformedReply', 'the CA made an account and did not say where'));
  await accounts.put(session.url, { ...record, url });
  return ok({ key, account: url });
}
