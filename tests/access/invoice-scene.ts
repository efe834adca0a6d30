import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parse, stringify } from 'yaml';
import { createApi, seed } from '../../examples/access/api.js';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { createFileIssuer, type FileIssuer } from '../system/file-issuer.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { type Cell, seenComplaint } from './cells.ts';
import { type Answer, type Client, clientsOf } from './invoice-clients.ts';
import { ACCESS_EXAMPLE, type Rights } from './rights.ts';

interface Written {
  server: { https: { port: number }; http: { port: number } };
  admin: { port: number };
  data: string;
  apis: Record<string, { upstream: string }>;
}

/** The configuration of the example, with free ports and this upstream. */
export function invoiceConfiguration(upstream: string): string {
  const written = parse(readFileSync(join(ACCESS_EXAMPLE, 'portcullis.yaml'), 'utf8')) as Written;
  written.server.https.port = 0;
  written.server.http.port = 0;
  written.admin.port = 0;
  written.data = './data';
  for (const api of Object.values(written.apis)) api.upstream = upstream;
  return stringify(written, { aliasDuplicateObjects: false });
}

/** The files beside it, with the keys of an issuer. */
export function invoiceFiles(keys: string): Readonly<Record<string, string>> {
  const description = readFileSync(join(ACCESS_EXAMPLE, 'invoices.openapi.yaml'), 'utf8');
  return { 'invoices.openapi.yaml': description, 'issuer-keys.json': keys };
}

/** The API of the example with its database, a gateway before it, and clients. */
export class InvoiceScene {
  readonly gateway: GatewayProcess;
  readonly clients: readonly Client[];
  readonly database: DatabaseSync;
  readonly #api: LocalServer;
  readonly #tokens: ReadonlyMap<string, string>;

  private constructor(parts: {
    readonly gateway: GatewayProcess;
    readonly database: DatabaseSync;
    readonly api: LocalServer;
    readonly tokens: ReadonlyMap<string, string>;
  }) {
    this.gateway = parts.gateway;
    this.database = parts.database;
    this.#api = parts.api;
    this.#tokens = parts.tokens;
    this.clients = clientsOf(parts.gateway);
  }

  static async start({ callers }: Rights): Promise<InvoiceScene> {
    const issuer = await createFileIssuer();
    const database = new DatabaseSync(':memory:');
    seed(database);
    const api = await startLocalServer(createApi(database));
    const gateway = await startGateway(invoiceConfiguration(api.url), { beside: invoiceFiles(issuer.keys) });
    return new InvoiceScene({ gateway, database, api, tokens: await tokensOf(callers, issuer) });
  }

  /** Where the API is, without a gateway before it. */
  get apiUrl(): string {
    return this.#api.url;
  }

  /** What a caller of the table shows; null for nobody. */
  tokenOf(caller: string): string | null {
    return this.#tokens.get(caller) ?? null;
  }

  /** Everything that is stored, as a text. */
  stored(): string {
    const tables = ['invoices', 'payments', 'closings'];
    return JSON.stringify(tables.map((name) => this.database.prepare(`SELECT * FROM ${name}`).all()));
  }

  /** As it was in the beginning. */
  reset(): void {
    seed(this.database);
  }

  /** Asks what a cell says; what is not as it must be, or null. */
  async complaintOf(cell: Cell, client: Client): Promise<string | null> {
    const before = this.stored();
    const { method, target, body, caller } = cell;
    const answer = await client.ask({ method, target, body, token: this.tokenOf(caller) });
    const after = this.stored();
    if (after !== before) this.reset();
    const isWrite = method !== 'GET' && method !== 'HEAD';
    if (answer.status !== cell.status)
      return `${answer.status} in the place of ${cell.status}: ${answer.body.slice(0, 200)}`;
    if (cell.status >= 400) return before === after ? null : 'it was refused, and the database has changed';
    if (isWrite === (before === after)) return isWrite ? 'the database has not changed' : 'the database has changed';
    return (
      seenComplaint(cell, answer.body === '' ? null : valueOf(answer)) ??
      setComplaint(cell, after) ??
      listComplaint(cell, answer, after)
    );
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.gateway.stop();
    this.#api.stop();
    this.database.close();
  }
}

async function tokensOf(callers: Rights['callers'], issuer: FileIssuer): Promise<ReadonlyMap<string, string>> {
  const made = new Map<string, string>();
  for (const [name, caller] of Object.entries(callers)) {
    if (caller === null) continue;
    const { subject, tenant, ...claims } = caller;
    made.set(name, await issuer.sign({ sub: subject, ...(tenant === undefined ? {} : { org: tenant }), ...claims }));
  }
  return made;
}

/** What a reply holds: JSON, or JSON by lines. */
function valueOf({ headers, body }: Answer): unknown {
  if (!String(headers['content-type']).includes('ndjson')) return JSON.parse(body) as unknown;
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

/** Whether some invoice has the value that was sent. */
function setComplaint({ sets, body }: Cell, stored: string): string | null {
  if (sets === null) return null;
  const [sent] = valuesAt(body, sets.split('.'));
  const [invoices = []] = JSON.parse(stored) as readonly (readonly Record<string, string>[])[];
  const whole = invoices.map(({ customer = '', lines = '', ...rest }) => ({
    ...rest,
    ...{ customer: JSON.parse(customer) as unknown, lines: JSON.parse(lines) as unknown },
  }));
  return valuesAt(whole, sets.split('.')).includes(sent) ? null : `${sets} was not stored`;
}

/** All values to which names lead; lists are gone through. */
function valuesAt(value: unknown, names: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((each) => [...valuesAt(each, names)]);
  const [first, ...others] = names;
  if (first === undefined) return [value];
  return typeof value === 'object' && value !== null ? valuesAt((value as Record<string, unknown>)[first], others) : [];
}

/** Which invoices came back is held against what the database has of each relation to the caller. */
function listComplaint({ lists, caller, row, object }: Cell, answer: Answer, stored: string): string | null {
  if (lists === null) return null;
  const { items } = valueOf(answer) as { readonly items: readonly { readonly id: string }[] };
  const [all = []] = JSON.parse(stored) as readonly (readonly Record<'id' | 'tenantId' | 'ownerId', string>[])[];
  const relation = ({ tenantId, id }: Record<'id' | 'tenantId', string>): string => {
    if (tenantId !== object.tenant) return 'other';
    return id === object.id ? 'own' : 'foreign';
  };
  const wanted = all.filter((each) => lists.includes(relation(each))).map(({ id }) => id);
  const came = items.map(({ id }) => id);
  return wanted.toSorted().join() === came.toSorted().join()
    ? null
    : `${row.operation} gives ${caller} ${came.join(', ')}`;
}
