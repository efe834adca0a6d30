// No tests here: the context that this room's tests run commands in. Kept apart from the product by its name.
import { type DiskSpace, err, ok, type Result, Secret } from '../base/index.ts';
import { kindTable, type KindTable } from '../gateway/index.ts';
import type { AdminClient } from '../control/client.ts';
import type {
  Clock,
  EgressFault,
  EgressReply,
  FileFacts,
  FileFault,
  Files,
  ResolvedAddress,
  Segments,
} from '../ports/index.ts';
import type {
  CommandContext,
  CommandServices,
  IssuerKeysFound,
  IssuerTrial,
  KeptRevisions,
  ReadyPorts,
  TlsFindings,
} from './context.ts';
import { runCli } from './run.ts';

/** The folder that commands run in. */
export const FOLDER = '/work place';
/** The present, in the tests of this room. */
export const NOW_MS = Date.UTC(2026, 10, 21, 12);

/** A configuration with nothing wrong. */
export const SOUND = `version: 1
apis:
  orders:
    routes: ['GET /orders', 'GET /orders/{id}', 'POST /orders']
    basePath: /v1
    upstream: http://127.0.0.1:3001/internal
    auth: public
    operations:
      'POST /orders': { body: 16KiB }
`;

/** Files in memory. */
export class FakeFiles implements Files {
  readonly held = new Map<string, { bytes: Uint8Array; facts: FileFacts }>();
  volume: DiskSpace = { totalBytes: 100 * 2 ** 30, freeBytes: 50 * 2 ** 30 };

  put(path: string, text: string, mode = 0o600, modifiedMs = NOW_MS - 1000): void {
    const bytes = Buffer.from(text);
    this.held.set(path, { bytes, facts: { bytes: bytes.length, modifiedMs, mode, directory: false } });
  }

  folder(path: string, mode: number): void {
    this.held.set(path, { bytes: Buffer.alloc(0), facts: { bytes: 0, modifiedMs: 0, mode, directory: true } });
  }

  text(path: string): string | null {
    const found = this.held.get(path);
    return found === undefined ? null : Buffer.from(found.bytes).toString();
  }

  read(path: string): Promise<Result<Uint8Array, FileFault>> {
    const found = this.held.get(path);
    return Promise.resolve(found === undefined ? missing(path) : ok(found.bytes));
  }

  create(path: string, bytes: Uint8Array, mode: number): Promise<Result<void, FileFault>> {
    if (this.held.has(path)) return Promise.resolve(err({ reason: 'exists', detail: path }));
    this.put(path, Buffer.from(bytes).toString(), mode);
    return Promise.resolve(ok(undefined));
  }

  facts(path: string): Promise<Result<FileFacts, FileFault>> {
    const found = this.held.get(path);
    return Promise.resolve(found === undefined ? missing(path) : ok(found.facts));
  }

  space(path: string): Promise<Result<DiskSpace, FileFault>> {
    return Promise.resolve(this.held.has(path) ? ok(this.volume) : missing(path));
  }

  list(path: string): Promise<Result<readonly string[], FileFault>> {
    const inside = [...this.held.keys()].filter((name) => name.startsWith(`${path}/`));
    return Promise.resolve(ok(inside.map((name) => name.slice(path.length + 1).split('/')[0] as string)));
  }

  replace(): Promise<never> {
    throw new Error('no command replaces a file');
  }

  makeFolder(): Promise<never> {
    throw new Error('no command makes a folder');
  }

  remove(): Promise<never> {
    throw new Error('no command removes a file');
  }

  watch(): never {
    throw new Error('no command watches a file');
  }
}

function missing(path: string): Result<never, FileFault> {
  return err({ reason: 'missing', detail: `${path} does not exist` });
}

const CLOCK: Clock = {
  now: () => NOW_MS,
  monotonic: () => 0,
  after: () => ({ cancel() {} }),
  every: () => ({ cancel() {} }),
};

/** The kinds that the keys of an API stand for, without doing anything: commands here send no traffic. */
const KINDS = kindTable(
  [
    'credentials',
    'mtls',
    'api-key',
    'overlay',
    'jwt',
    'possession',
    'revocation',
    'introspection',
    'permission',
    'rate',
    'openapi-request',
    'files',
    'output-encoding',
    'maintenance',
    'redirect',
    'respond',
    'rewrite',
    'cors',
    'upstream-errors',
  ].map((kind) => ({
    kind,
    summary: kind,
    schema: null,
    sources: () => [],
    compile: (_config, { operations }) => ok(new Map(operations.map(({ id }) => [id, {}]))),
  })),
);

/** What a test may set about the surroundings of a command. */
export interface Surroundings {
  readonly files: FakeFiles;
  readonly calls: string[];
  kinds: KindTable;
  color: boolean;
  node: string;
  openFiles: number | null;
  /** Standard input. */
  input: string;
  reply: (url: string) => Result<EgressReply, EgressFault>;
  addresses: (host: string) => Result<readonly ResolvedAddress[], string>;
  busyPorts: readonly number[] | 'all';
  /** The addresses on which a free port was looked for. */
  readonly probed: Set<string>;
  /** How often a port turns out to be in use when the gateway opens it, though it was free when it was chosen. */
  lostRaces: number;
  /** Why the local issuer does not come up, or null. */
  issuerFault: string | null;
  ready: ReadyPorts;
  /** Whether a gateway comes up; where not, starting it rejects. */
  starts: boolean;
  admin: Result<AdminClient, string>;
  ledger: (dataFolder: string) => Segments;
  /** The texts of revisions that are kept, with the time of each, or why there are none. */
  revisions: Result<ReadonlyMap<number, { readonly text: string; readonly at: number }>, string>;
  keys: (issuer: string) => Result<IssuerKeysFound, string>;
  trials: (names: ReadonlySet<string>) => readonly IssuerTrial[];
  tls: (serverName: string | null) => Result<TlsFindings, string>;
}

/** Surroundings in which a sound configuration lies and everything answers. */
export function surroundings(configuration: string | null = SOUND): Surroundings {
  const files = new FakeFiles();
  if (configuration !== null) files.put(`${FOLDER}/portcullis.yaml`, configuration, 0o644);
  return {
    files,
    calls: [],
    kinds: KINDS,
    color: false,
    node: 'v26.13.1',
    openFiles: 65_536,
    input: '',
    reply: () => ok({ status: 404, headers: new Map(), body: new Uint8Array() }),
    addresses: () => ok([{ address: '192.0.2.7', family: 4 }]),
    busyPorts: [],
    probed: new Set(),
    lostRaces: 0,
    issuerFault: null,
    starts: true,
    ready: { https: 8443, http: 8080, admin: 9443, ca: '/data/ca.pem', host: '127.0.0.1' },
    admin: err('nothing listens'),
    revisions: ok(new Map()),
    ledger: () => {
      throw new Error('no ledger is read here');
    },
    tls: () => err('ECONNREFUSED'),
    keys: () => ok({ place: 'https://id.acme.example/jwks', usable: 2, skipped: [], dateMs: NOW_MS }),
    trials: () => [],
  };
}

const NOT_ASKED = (): Promise<never> => Promise.reject(new Error('not asked for'));
const NO_KEYS: AdminClient['keys'] = {
  list: NOT_ASKED,
  show: NOT_ASKED,
  create: NOT_ASKED,
  rotate: NOT_ASKED,
  revoke: NOT_ASKED,
  switch: NOT_ASKED,
};

/** Surroundings with a running gateway that answers so, and rejects whatever else it is asked. */
export function besideGateway(answers: Partial<AdminClient>): Surroundings {
  const around = surroundings();
  around.files.folder(`${FOLDER}/.portcullis`, 0o700);
  const silent = (): Promise<never> => Promise.reject(new Error('not asked for'));
  around.admin = ok({
    keys: NO_KEYS,
    decide: silent,
    status: silent,
    reload: silent,
    apply: silent,
    rollback: silent,
    diff: silent,
    revisions: silent,
    revision: silent,
    upstreamErrors: silent,
    upstreamError: silent,
    cspReports: silent,
    grants: silent,
    addGrant: silent,
    removeGrant: silent,
    revocations: silent,
    revoke: silent,
    liftRevocation: silent,
    sessions: silent,
    endSessions: silent,
    ...answers,
  });
  return around;
}

function keptIn({ revisions }: Surroundings): KeptRevisions {
  return {
    find: (revision) => {
      if (!revisions.ok) return Promise.resolve(revisions);
      const kept = revisions.value.get(revision);
      const more = { revision, hash: '', author: 'file', outcome: 'installed' } as const;
      return Promise.resolve(ok(kept === undefined ? null : { ...more, ...kept }));
    },
  };
}

/** What a command said, and its exit code. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly complaints: string;
  /** The text of a configuration that was run, or null. */
  readonly text: string | null;
}

async function startText(
  around: Surroundings,
  { file, banner, canChooseAnew }: Parameters<CommandServices['startText']>[0],
  said: { out: string; complaints: string },
): Promise<number | 'port-in-use'> {
  around.calls.push(`startText ${file}`);
  if (!around.starts) throw new Error('no gateway here');
  if (around.lostRaces > 0) {
    around.lostRaces--;
    if (canChooseAnew) return 'port-in-use';
    said.complaints += 'a port is in use';
    return 2;
  }
  said.out += banner(around.ready);
  return 0;
}

/** What the system gives where any port will do. */
export const ANY_PORT = 40_123;

function nextFree(preferred: number, busy: Surroundings['busyPorts']): number {
  if (busy === 'all') return 0;
  let port = preferred === 0 ? ANY_PORT : preferred;
  while (busy.includes(port)) port++;
  return port;
}

/** Runs a command line in these surroundings. What it starts says its banner and ends at once. */
export async function runIn(around: Surroundings, ...argv: readonly string[]): Promise<Said> {
  const said = { out: '', complaints: '' };
  let text: string | null = null;
  const services: CommandServices = {
    start: ({ configFile, json }) => {
      around.calls.push(`start ${configFile}${json ? ' json' : ''}`);
      return Promise.resolve(0);
    },
    startText: (options) => {
      text = options.text;
      return startText(around, options, said);
    },
    demoApi: () => {
      around.calls.push('demoApi');
      const close = (): Promise<void> => Promise.resolve(void around.calls.push('close'));
      return Promise.resolve({ url: 'http://127.0.0.1:41234', openapiFile: '/app/orders.openapi.yaml', close });
    },
    localIssuer: ({ issuer, clients }) => {
      around.calls.push(`localIssuer ${issuer}`);
      const url = 'http://127.0.0.1:41235';
      if (around.issuerFault !== null) return Promise.resolve(err(around.issuerFault));
      return Promise.resolve(
        ok({
          url,
          jwksUrl: `${url}${new URL(issuer).pathname}/jwks`,
          clients: clients.map(({ id }) => ({ id, secret: `secret-of-${id}` })),
          close: () => Promise.resolve(void around.calls.push('close issuer')),
        }),
      );
    },
    freePort: (preferred, host) => {
      around.probed.add(host);
      return Promise.resolve(nextFree(preferred, around.busyPorts));
    },
    ledger: (dataFolder) => around.ledger(dataFolder),
    revisions: () => keptIn(around),
    admin: (dataFolder) => {
      around.calls.push(`admin ${dataFolder}`);
      return Promise.resolve(around.admin);
    },
    openFilesLimit: () => around.openFiles,
    issuerKeys: (issuer) => Promise.resolve(around.keys(issuer.name)),
    tryIssuers: (_gathered, names) => Promise.resolve(around.trials(names)),
    probeTls: (target) => {
      around.calls.push(`probeTls ${target.address} ${target.port} ${target.serverName}`);
      return Promise.resolve(around.tls(target.serverName));
    },
  };
  const context: CommandContext = {
    write: (words) => void (said.out += words),
    complain: (words) => void (said.complaints += words),
    readInput: () => Promise.resolve(ok(Buffer.from(around.input))),
    color: around.color,
    workingFolder: FOLDER,
    program: ['bin/portcullis'],
    user: 'ada',
    version: '1.2.3',
    runtime: { node: around.node, platform: 'linux', architecture: 'x64' },
    ports: {
      files: around.files,
      secrets: { resolve: () => Promise.resolve(ok(new Secret(Buffer.from('a-secret-of-a-test')))) },
      egress: { call: ({ url }) => Promise.resolve(around.reply(url)) },
      resolver: { resolve: (host) => Promise.resolve(around.addresses(host)) },
      clock: CLOCK,
    },
    services,
    kinds: around.kinds,
  };
  return { code: await runCli(argv, context), ...said, text };
}
