import { posix } from 'node:path';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { parseConfig, protectConfig, type UpstreamConfig } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';
import { addressLines, curlLine } from './banner.ts';
import { type Command, EXIT, type Given } from './command.ts';
import { buildConfiguration } from './configuration.ts';
import type { CommandContext, ReadyPorts } from './context.ts';
import { complainOfIssues } from './issues.ts';
import { choosePorts, parsePort, STANDARD_PORTS } from './ports.ts';
import { plain } from './terminal.ts';

const SAVED_NAME = 'portcullis.yaml';
const FILE_MODE = 0o644;

/** `portcullis protect`: the gateway with its defaults before one API. */
export const protectCommand: Command = {
  verb: 'protect',
  summary: 'runs the gateway with its defaults before one API',
  operands: ['URL'],
  options: {
    openapi: { value: 'FILE|URL', says: 'the API’s OpenAPI document; without it everything is routed' },
    port: { value: 'N', says: 'the https port; the first free one from 8443 on if left out' },
    host: { value: 'H', says: 'the address to listen on; 127.0.0.1 if left out' },
    data: { value: 'DIR', says: 'where keys and certificates are kept; ./.portcullis if left out' },
    save: { value: null, says: `write ${SAVED_NAME} here, and run that` },
    json: { value: null, says: 'when ready, print one line of JSON instead of words' },
  },
  details: [
    'The API stays where it is; clients call the gateway instead. In this version the gateway is open to everybody:',
    'it checks the form of requests and routes what is described, and does not ask who sends them.',
    '',
    'Nothing but the data folder is written, unless --save is given. --save takes the standard ports (8443, 8080, 9443)',
    `rather than free ones, never overwrites a file, and runs as \`portcullis start\` does: from then on ${SAVED_NAME} is`,
    'what counts, and `portcullis start` runs it again.',
  ],
  async run(given, context) {
    const json = given.flags.has('json');
    const text = await configurationText(given, context);
    if (!text.ok) {
      context.complain(`portcullis: ${text.error}.\n`);
      return EXIT.unusable;
    }
    const file = posix.join(context.workingFolder, SAVED_NAME);
    const built = await build(text.value, file, context);
    if (!built.ok) {
      complainOfIssues(built.error.map(toldAsArguments), json, context);
      return EXIT.unusable;
    }
    if (given.flags.has('save')) return await saveAndStart(text.value, { file, json, context });
    const banner = (ready: ReadyPorts): string => bannerText(ready, built.value);
    return await context.services.startText({ text: text.value, file, json, banner });
  },
};

async function configurationText(given: Given, context: CommandContext): Promise<Result<string, string>> {
  const [upstreamUrl = ''] = given.operands;
  // Whoever reads the terminal or its history could read it too; the configuration says so as well, but later.
  if (/^[a-z+.-]*:\/\/[^/?#]*@/i.test(upstreamUrl)) return err('the URL holds a user name or password; take it away');
  const written = given.values.get('port');
  const port = written === undefined ? null : parsePort(written);
  if (port !== null && !port.ok) return port;
  const https = port === null ? {} : { https: port.value };
  const avoided = portsOf(upstreamUrl);
  const ports = given.flags.has('save')
    ? { ...STANDARD_PORTS, ...https }
    : await choosePorts(context.services, https, avoided);
  const openapi = given.values.get('openapi');
  const dataFolder = given.values.get('data');
  const host = given.values.get('host');
  const text = protectConfig({
    upstreamUrl,
    ports,
    ...(openapi === undefined ? {} : { openapi }),
    ...(dataFolder === undefined ? {} : { dataFolder }),
    ...(host === undefined ? {} : { host }),
  });
  return ok(text);
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

interface Saving {
  readonly file: string;
  readonly json: boolean;
  readonly context: CommandContext;
}

async function saveAndStart(text: string, { file, json, context }: Saving): Promise<number> {
  const created = await context.ports.files.create(file, new TextEncoder().encode(text), FILE_MODE);
  if (created.ok) {
    context.complain(`Wrote ${SAVED_NAME}; \`portcullis start\` runs it again.\n`);
    return await context.services.start({ configFile: file, json });
  }
  const message =
    created.error.reason === 'exists'
      ? `${SAVED_NAME} is there already and stays as it is`
      : `${SAVED_NAME} can't be written: ${created.error.detail}`;
  const fix = 'take --save away, or run it in another folder';
  complainOfIssues([errorIssue('--save', message, { fix })], json, context);
  return EXIT.unusable;
}

function bannerText(ready: ReadyPorts, snapshot: Snapshot): string {
  const [api] = snapshot.apis;
  const upstream = api === undefined ? 'the API' : upstreamText(api.upstream, api.authority);
  return [
    '',
    `Portcullis stands before ${plain(upstream)}.`,
    '',
    ...addressLines(ready),
    '',
    'Try it:',
    '',
    `  ${curlLine(ready, trialPath(snapshot))}`,
    '',
    'The API is open to everybody (auth: public): this version checks the form of requests, not who sends them.',
    'Ctrl+C stops it.',
    '',
    '',
  ].join('\n');
}

function upstreamText({ scheme, pathPrefix }: UpstreamConfig, authority: string): string {
  return `${scheme}://${authority}${pathPrefix}`;
}

/** The path of an operation that can be read without knowing anything, or the root. */
function trialPath({ operations }: Snapshot): string {
  const simple = operations.find(({ operation }) => operation.method === 'GET' && !operation.template.includes('{'));
  return simple?.operation.template ?? '/';
}
