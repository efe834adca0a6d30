import { z } from 'zod';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type AdminApiKeys, ApiKeys, type ApiKeyRows, readApiKeyRotation, readApiKeyWish } from '../control/index.ts';
import { API_KEY_HASH_TABLE, API_KEY_TABLES } from '../credential/index.ts';
import { API_KEY_USES, LEAKED_API_KEYS } from '../policy/index.ts';
import type { PartOptions } from './credential-part.ts';

/** What a thread says of keys that were reported. */
const LEAKED = z.array(z.strictObject({ id: z.string(), hash: z.string(), url: z.string(), source: z.string() }));

/** The API keys of a node. */
export interface NodeApiKeys {
  /** What the admin API asks. */
  readonly admin: AdminApiKeys;
  /** Reads the keys and puts them in force, once. */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on keys are made by what this configuration says. */
  retain(gathered: Gathered): void;
  close(): Promise<void>;
}

/** Opens them; nothing is read before the first filling. */
export function openNodeApiKeys(options: PartOptions): NodeApiKeys {
  return new HeldApiKeys(options);
}

class HeldApiKeys implements NodeApiKeys {
  readonly #options: PartOptions;
  readonly #keys: ApiKeys;
  #loaded: Promise<void> | null = null;
  #config: Gathered['config'] | null = null;

  constructor(options: PartOptions) {
    const { host, store, keyring, alerts, tables, desks, record } = options;
    const { clock, random, log } = host;
    this.#options = options;
    for (const table of [API_KEY_HASH_TABLE, ...API_KEY_TABLES]) tables.declare(table);
    this.#keys = new ApiKeys({
      ...{ store, keyring, clock, random, log, alerts, record },
      publish: (rows) => this.#publish(rows),
    });
    desks.serve(LEAKED_API_KEYS, async (question) => {
      const found = LEAKED.safeParse(question);
      return found.success && (await this.#keys.leaked(found.data, 'leak report'));
    });
    desks.hear(API_KEY_USES, (notice) => {
      const [id, atMs] = Array.isArray(notice) ? (notice as readonly unknown[]) : [];
      if (typeof id === 'string' && typeof atMs === 'number') this.#keys.uses.take(id, atMs);
    });
  }

  get admin(): AdminApiKeys {
    const keys = this.#keys;
    const terms = () => termsOf(this.#config);
    return {
      list: (filter) => keys.list(filter),
      find: (id) => keys.find(id),
      revoke: (id, reason, author) => keys.revoke(id, reason, author),
      switch: (id, state, author) => keys.switch(id, state, author),
      create: async (body, author) => {
        const wish = readApiKeyWish(body, terms());
        return wish.ok ? await keys.create(wish.value, terms(), author) : wish;
      },
      rotate: async (id, body, author) => {
        const rotation = readApiKeyRotation(body);
        return rotation.ok ? await keys.rotate(id, rotation.value, terms(), author) : rotation;
      },
    };
  }

  async fill(gathered: Gathered): Promise<readonly Issue[]> {
    this.#config ??= gathered.config;
    this.#loaded ??= this.#keys.load();
    try {
      await this.#loaded;
      return [];
    } catch (fault) {
      this.#loaded = null;
      const detail = fault instanceof Error ? fault.message : 'unknown fault';
      this.#options.host.log.write('error', 'api-keys.unreadable', 'the API keys could not be read', { detail });
      return [errorIssue('data', 'the API keys in the store could not be read', { fix: 'see the log' })];
    }
  }

  retain({ config }: Gathered): void {
    this.#config = config;
  }

  close(): Promise<void> {
    return this.#keys.close();
  }

  /** A thread that does not take the rows is ended before long, so whether it was in time changes nothing. */
  async #publish(rows: ApiKeyRows): Promise<void> {
    const { tables, host, inForce } = this.#options;
    for (const [name, changed] of rows) tables.replace(name, tables.read(name).version + 1, changed, host.clock.now());
    await Promise.all([...rows.keys()].map((name) => inForce(name)));
  }
}

function termsOf(config: Gathered['config'] | null) {
  if (config === null) throw new Error('no configuration is in force');
  const { apiKeys, roles, apis } = config;
  return {
    ...apiKeys,
    roles: roles.map(({ name }) => name),
    apis: apis.filter(({ party }) => party === null).map(({ name }) => name),
  };
}
