import { posix } from 'node:path';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { parseConfig, starterConfig, type StarterOptions } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';
import { type Command, EXIT, type Given } from './command.ts';
import { buildConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { describedPermissions } from './described-permissions.ts';
import { complainOfFaults, complainOfIssues } from './issues.ts';
import {
  CHOICE_LIMIT,
  choosePorts,
  type GatewayPortNumbers,
  LOOPBACK,
  parsePort,
  runOnFreePorts,
  STANDARD_PORTS,
  type WantedPorts,
} from './ports.ts';
import { protectBanner } from './protect-banner.ts';
import { type AskedSignIn, readSignIn, SIGN_IN_OPTIONS } from './sign-in.ts';
import { startLocalSignIn } from './local-sign-in.ts';

const SAVED_NAME = 'portcullis.yaml';
/** What stands where the configuration's file would be named. */
const UNSAVED_NAME = 'protect (no file)';
const FILE_MODE = 0o644;

/** `portcullis protect`: the gateway with its defaults before one API. */
export const protectCommand: Command = {
  verb: 'protect',
  summary: 'runs the gateway with its defaults before one API',
  operands: ['URL'],
  options: {
    openapi: { value: 'FILE|URL', says: 'the API’s OpenAPI document; without it everything is routed' },
    ...SIGN_IN_OPTIONS,
    port: { value: 'N', says: 'the https port; the first free one from 8443 on if left out' },
    host: { value: 'H', says: 'the address to listen on; 127.0.0.1 if left out' },
    data: { value: 'DIR', says: 'where keys and certificates are kept; ./.portcullis if left out' },
    save: { value: null, says: `write ${SAVED_NAME} here, and run that` },
    json: { value: null, says: 'when ready, print one line of JSON instead of words' },
  },
  details: [
    'The API stays where it is; clients call the gateway instead, with a token. With a document, what it does not',
    'describe is refused, and each operation needs the scopes that its `security` names.',
    '',
    'Without --issuer and --public, the gateway brings an authorization server of its own for trying out. It has one',
    'client, which may do everything, and a new secret at each start; the command prints how to get a token.',
    '',
    'Nothing but the data folder is written, unless --save is given. --save takes the standard ports (8443, 8080, 9443)',
    'rather than free ones, and the next free one from 8443 on for https with --port 0. It writes nothing while one of',
    `them is in use, never overwrites a file, and runs as \`portcullis start\` does: from then on ${SAVED_NAME} is what`,
    'counts. Without --issuer and --public the file has a place to fill in your issuer, and only this one run takes the',
    'tokens of the authorization server for trying out.',
  ],
  async run(given, context) {
    const asked = readArguments(given);
    if (!asked.ok) {
      context.complain(`portcullis: ${asked.error}.\n`);
      return EXIT.unusable;
    }
    const avoided = portsOf(asked.value.upstreamUrl);
    return await runOnFreePorts(
      (place) => choosePorts(context.services, wantedPorts(asked.value), { avoided, place }),
      (ports, canChooseAnew) => runOn(asked.value, { ports, canChooseAnew, context }),
      (await canBeOthers(asked.value, context)) ? CHOICE_LIMIT : 1,
    );
  },
};

/** Whether other ports may help where one is in use: not those of a file, nor where the one that was asked for is. */
async function canBeOthers({ save, https, options }: Asked, { services }: CommandContext): Promise<boolean> {
  if (save) return false;
  return https === null || https === 0 || (await services.freePort(https, options.host ?? LOOPBACK)) === https;
}

/** What the arguments say. */
interface Asked {
  readonly upstreamUrl: string;
  readonly options: Omit<StarterOptions, 'signIn' | 'ports'>;
  /** The https port; null where the next free one is taken. */
  readonly https: number | null;
  readonly signIn: AskedSignIn;
  readonly save: boolean;
  readonly json: boolean;
}

/** The ports of one try. */
interface Try {
  readonly ports: GatewayPortNumbers;
  readonly canChooseAnew: boolean;
  readonly context: CommandContext;
}

/** What is to be run. */
interface Run extends Asked, Try {
  readonly options: Omit<StarterOptions, 'signIn'>;
  /** Where the configuration is thought to stand; only a saved one does. */
  readonly file: string;
  /** What the arguments lead to, built without sign-in. */
  readonly snapshot: Snapshot;
}

async function runOn(asked: Asked, attempt: Try): Promise<number | 'port-in-use'> {
  const { signIn, json } = asked;
  const { ports, canChooseAnew, context } = attempt;
  const options = { ...asked.options, ports };
  const file = posix.join(context.workingFolder, UNSAVED_NAME);
  const text = starterConfig({ ...options, signIn: signIn ?? { kind: 'public' } });
  const built = await build(text, file, context);
  if (!built.ok) {
    complainOfIssues(built.error.map(toldAsArguments), json, context);
    return EXIT.unusable;
  }
  const run: Run = { ...asked, ...attempt, options, file, snapshot: built.value };
  if (signIn === null) return await runWithLocalSignIn(run);
  if (run.save) {
    const configFile = await save(text, run);
    if (configFile === null) return EXIT.unusable;
    context.complain(`Wrote ${SAVED_NAME}; \`portcullis start\` runs it again.\n`);
    return await context.services.start({ configFile, json });
  }
  const banner = protectBanner(built.value, signIn);
  return await context.services.startText({ text, file, json, banner, canChooseAnew });
}

function readArguments(given: Given): Result<Asked, string> {
  const [upstreamUrl = ''] = given.operands;
  // Whoever reads the terminal or its history could read it too; the configuration says so as well, but later.
  if (/^[a-z+.-]*:\/\/[^/?#]*@/i.test(upstreamUrl)) return err('the URL holds a user name or password; take it away');
  const signIn = readSignIn(given);
  if (!signIn.ok) return signIn;
  const written = given.values.get('port');
  const port = written === undefined ? null : parsePort(written);
  if (port !== null && !port.ok) return port;
  const save = given.flags.has('save');
  // A file that is run again tomorrow names its port. So do tokens of the authorization server that comes along, which
  // is why theirs must be known before it is opened.
  const known = save || signIn.value === null;
  const free = port === null ? !save : port.value === 0 && known;
  const openapi = given.values.get('openapi');
  const dataFolder = given.values.get('data');
  const host = given.values.get('host');
  const api = { name: 'api', upstreamUrl, ...(openapi === undefined ? {} : { openapi }) };
  const options = {
    apis: [api],
    ...(dataFolder === undefined ? {} : { dataFolder }),
    ...(host === undefined ? {} : { host }),
  };
  const https = free ? null : (port?.value ?? STANDARD_PORTS.https);
  const json = given.flags.has('json');
  return ok({ upstreamUrl, options, https, signIn: signIn.value, save, json });
}

/** A file has the standard ports, but for https where it is said; else any will do. */
function wantedPorts({ https, save, options: { host } }: Asked): WantedPorts {
  return {
    ...(save ? { http: STANDARD_PORTS.http, admin: STANDARD_PORTS.admin } : {}),
    ...(https === null ? {} : { https }),
    ...(host === undefined ? {} : { host }),
  };
}

/** The port of the API; what is no URL is told later, with everything else that is wrong. */
function portsOf(url: string): readonly number[] {
  const port = Number(URL.parse(url)?.port ?? '');
  return port > 0 ? [port] : [];
}

async function build(text: string, file: string, context: CommandContext): Promise<Result<Snapshot, readonly Issue[]>> {
  const parsed = parseConfig(text, { file, kinds: [] });
  if (!parsed.ok) return parsed;
  const built = await buildConfiguration(parsed.value, context);
  return built.ok ? ok(built.value.snapshot) : built;
}

const ARGUMENT_OF: Readonly<Record<string, string>> = {
  'apis.api.upstream': 'URL',
  'apis.api.openapi': '--openapi',
  'issuers.main.issuer': '--issuer',
  'issuers.main.audience': '--audience',
  'server.host': '--host',
  'server.https.port': '--port',
  data: '--data',
};

/** Nobody has written the lines of this configuration, so what is wrong with it is told of the arguments it came from. */
function toldAsArguments(issue: Issue): Issue {
  const argument = Object.hasOwn(ARGUMENT_OF, issue.path) ? ARGUMENT_OF[issue.path] : undefined;
  if (argument !== undefined) return { ...issue, path: argument, place: null };
  return issue.path === '' || issue.path.startsWith('/') ? issue : { ...issue, place: null };
}

/** Runs with the authorization server for trying out; what is saved names no such one, since it ends with this run. */
async function runWithLocalSignIn(run: Run): Promise<number | 'port-in-use'> {
  const { options, ports, file, json, snapshot, canChooseAnew, context } = run;
  const described = snapshot.operations.flatMap(({ operation }) => operation.described ?? []);
  const permissions = describedPermissions(described);
  const apis = options.apis.map((api) => ({ ...api, permissions }));
  if (run.save) {
    const saved = await save(starterConfig({ ...options, apis, signIn: { kind: 'placeholder' } }), run);
    if (saved === null) return EXIT.unusable;
    context.complain(
      `Wrote ${SAVED_NAME}. Fill in your issuer there, then \`portcullis start\` runs it; until then this run takes\n` +
        'the tokens of an authorization server of its own.\n',
    );
  }
  const started = await startLocalSignIn(context.services, { https: ports.https, permissions });
  if (!started.ok) {
    context.complain(`portcullis: ${started.error}.\n`);
    return EXIT.unusable;
  }
  const local = started.value;
  try {
    const text = starterConfig({ ...options, apis, signIn: local.signIn });
    const banner = protectBanner(snapshot, local);
    return await context.services.startText({ text, file, json, banner, facts: local.facts, canChooseAnew });
  } finally {
    await local.close();
  }
}

/** Writes the file where its ports are free, and gives its path; else says what is in the way, and gives null. */
async function save(text: string, run: Run): Promise<string | null> {
  const { json, context } = run;
  const busy = await busyPorts(run);
  if (busy.length > 0) {
    complainOfFaults(busy, json, context);
    return null;
  }
  const file = posix.join(context.workingFolder, SAVED_NAME);
  const created = await context.ports.files.create(file, new TextEncoder().encode(text), FILE_MODE);
  if (created.ok) return file;
  const message =
    created.error.reason === 'exists'
      ? `${SAVED_NAME} is there already and stays as it is`
      : `${SAVED_NAME} can't be written: ${created.error.detail}`;
  const fix = 'take --save away, or run it in another folder';
  complainOfFaults([errorIssue('--save', message, { fix })], json, context);
  return null;
}

/** Ports that the file would name and the gateway could not open now; a file must not be left behind for that. */
async function busyPorts({ ports, options, context }: Run): Promise<readonly Issue[]> {
  const host = options.host ?? LOOPBACK;
  const wanted = [
    { port: ports.https, host, argument: '--port', fix: 'stop what uses it, or name another one' },
    { port: ports.http, host, argument: '--save', fix: FIXED_PORT },
    { port: ports.admin, host: LOOPBACK, argument: '--save', fix: FIXED_PORT },
  ];
  const found = wanted.map(async ({ port, host: address, argument, fix }): Promise<readonly Issue[]> => {
    if (port === 0) return [errorIssue(argument, NONE_FREE, { fix: 'name one that is free' })];
    if ((await context.services.freePort(port, address)) === port) return [];
    const message = `port ${port} is in use by another program, so nothing was written`;
    return [errorIssue(argument, message, { fix })];
  });
  return (await Promise.all(found)).flat();
}

const NONE_FREE = `none of the ports from ${STANDARD_PORTS.https} on is free, so nothing was written`;
const FIXED_PORT = 'stop what uses it, or let `portcullis init` write the file and change the port there';
