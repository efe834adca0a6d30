import { join } from 'node:path';
import { runToEnd } from './child.ts';
import type { Contestant, Ground, Surroundings, ValidateRow } from './contestants/contestant.ts';
import { startExpress } from './contestants/express.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { machine as describeMachine } from './machine.ts';
import { printNoise, watchNoise } from './noise.ts';
import { compare, figureOf, type Figures, measureRow, type Pace, printFigures, rounded, type Start } from './race.ts';
import { onGround } from './surroundings.ts';
import { BODY_LOADS, type BodyLoad, writeBodies } from './body-loads.ts';
import { printTable } from './table.ts';
import { startResponder } from './upstream.ts';
import { INNER_LOADS, type InnerLoad, VALIDATE_LOADS, type ValidateLoad, writeLoad } from './validate-loads.ts';

const INNER_MS = 120_000;
const FLAGS = ['--min-semi-space-size=16'];
/** The gateway itself, with the same requests and nothing described or looked for. */
const WITHOUT = 'without';
const VALIDATOR = 'express-openapi-validator';

/** Eighteen contestants and more are to take turns within eight minutes, with all that is measured in one process. */
const PACE: Pace = { warmUpSteps: 2, roundSeconds: 3 };

/** Whatever is measured, by the names of its keys. */
type Load = ValidateLoad | BodyLoad;

const LOADS: readonly Load[] = [...VALIDATE_LOADS, ...BODY_LOADS];

/** What `--only` takes. */
export const VALIDATE_NAMES: readonly string[] = LOADS;

/** CPU µs for a value, by load and by who judges. */
type Inner = Readonly<Partial<Record<InnerLoad, Readonly<Record<'ours' | 'ajv_parsed' | 'ajv_bytes', number>>>>>;

/**
 * What validation costs. First alone, in one process: from the bytes of a body to the verdict, beside Ajv on data that is
 * parsed already and beside Ajv behind `JSON.parse`, or behind saxes where it is XML. Then as CPU time per request of the
 * whole gateway with the feature and without, and where it is JSON also of an express app, with its validator and without.
 * `--in-process` leaves the second part out, `--only NAME` all but one load.
 */
export async function benchValidate(options: readonly string[]): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  const only = options.includes('--only') ? options[options.indexOf('--only') + 1] : undefined;
  const loads = LOADS.filter((load) => only === undefined || load === only);
  const noise = watchNoise();
  const inner = await measureInner(INNER_LOADS.filter((load) => loads.includes(load)));
  const others = await measureOthers(loads);
  const multipart = loads.includes('multipart') ? await measureMultipart() : NOTHING;
  const whole = options.includes('--in-process') ? NOTHING : await measureWhole(loads);
  const seen = noise();
  printNoise(seen);
  const ratios = { ...innerRatios(inner), ...multipart.ratios, ...whole.ratios };
  const us = { ...innerCosts(inner), ...others, ...multipart.us, ...whole.us };
  return { machine: { ...describeMachine(), ...seen }, ratios, us };
}

interface Keys {
  readonly ratios: Readonly<Record<string, number>>;
  readonly us: Readonly<Record<string, number>>;
}

const NOTHING: Keys = { ratios: {}, us: {} };

async function measureInner(loads: readonly InnerLoad[]): Promise<Inner> {
  if (loads.length === 0) return {};
  const inner = (await printedBy('validate-inner.ts', loads)) as Inner;
  printInner(inner);
  return inner;
}

/** What a script of this folder prints last, measured in a process of its own. */
async function printedBy(script: string, words: readonly string[] = []): Promise<unknown> {
  const command = [process.execPath, ...FLAGS, join(import.meta.dirname, script), ...words];
  const printed = await runToEnd(command, 'contestant', INNER_MS);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
}

/** What other bodies cost to judge or to look through: each script prints `row → µs`. */
const OTHER_BODIES: Readonly<Partial<Record<Load, string>>> = {
  dlp_10kb: 'validate-leaks.ts',
  graphql: 'validate-graphql.ts',
  grpc: 'validate-grpc.ts',
};

async function measureOthers(loads: readonly Load[]): Promise<Record<string, number>> {
  const rows: [string, number][] = [];
  for (const load of loads) {
    const script = OTHER_BODIES[load];
    if (script === undefined) continue;
    const figures = (await printedBy(script)) as Record<string, number>;
    rows.push(...Object.entries(figures).map(([row, us]): [string, number] => [row, rounded(us)]));
  }
  if (rows.length > 0)
    printTable(
      ['body', 'CPU µs'],
      rows.map((row) => row.map(String)),
    );
  return Object.fromEntries(rows);
}

/** A form of three fields and a file of 64 KiB, from its bytes to the verdict. */
async function measureMultipart(): Promise<Keys> {
  const { ours, busboy_ajv } = (await printedBy('validate-multipart.ts')) as MultipartCosts;
  printTable(['value', 'ours, from bytes', 'busboy + Ajv'], [['multipart', ours.toFixed(2), busboy_ajv.toFixed(2)]]);
  return {
    ratios: { multipart_busboy_ajv: rounded(ours / busboy_ajv) },
    us: { multipart: rounded(ours), multipart_busboy_ajv: rounded(busboy_ajv) },
  };
}

interface MultipartCosts {
  readonly ours: number;
  readonly busboy_ajv: number;
}

function printInner(inner: Inner): void {
  const rows = costsOf(inner).map(([load, { ours, ajv_parsed, ajv_bytes }]) => [
    load,
    ...[ours, ajv_parsed, ajv_bytes, ours - ajv_parsed].map((us) => us.toFixed(2)),
  ]);
  console.log('in one process, CPU µs for a value; Ajv is compiled beforehand');
  printTable(['value', 'ours, from bytes', 'Ajv, parsed data', 'JSON.parse or saxes + Ajv', 'ours above Ajv'], rows);
}

function costsOf(inner: Inner): readonly (readonly [load: InnerLoad, costs: Required<Inner>[InnerLoad]])[] {
  return INNER_LOADS.flatMap((load) => {
    const costs = inner[load];
    return costs === undefined ? [] : [[load, costs] as const];
  });
}

function innerCosts(inner: Inner): Record<string, number> {
  return Object.fromEntries(
    costsOf(inner).flatMap(([load, { ours, ajv_parsed, ajv_bytes }]) => [
      [load, rounded(ours)],
      [`${load}_ajv`, rounded(ajv_parsed)],
      [readerKeyOf(load), rounded(ajv_bytes)],
    ]),
  );
}

function innerRatios(inner: Inner): Record<string, number> {
  return Object.fromEntries(
    costsOf(inner).map(([load, { ours, ajv_bytes }]) => [readerKeyOf(load), rounded(ours / ajv_bytes)]),
  );
}

/** The key of Ajv behind a reader of the format. */
function readerKeyOf(load: InnerLoad): string {
  return load === 'xml' ? 'xml_saxes_ajv' : `${load}_json_parse_ajv`;
}

async function measureWhole(loads: readonly Load[]): Promise<Keys> {
  return await onGround(async (ground) => {
    const figures: Figures[] = [];
    for (const load of loads) figures.push(...(await measureLoad(load, ground)));
    printFigures(figures);
    return keysOf(figures);
  });
}

/** A row that can't be measured is told, and its keys are missing. */
async function measureLoad(load: Load, given: Ground): Promise<Figures[]> {
  try {
    if (isDescribed(load)) return await measureOn(load, given, await writeLoad(given.folder, load));
    const requestsFile = await writeBodies(given.folder, load);
    return await (load === 'grpc' ? measureCalls(given, requestsFile) : measureOn(load, given, requestsFile));
  } catch (fault) {
    console.log(`${load}: not measured: ${fault instanceof Error ? fault.message.slice(0, 300) : 'unknown fault'}`);
    return [];
  }
}

/** Calls of gRPC go to an upstream over HTTP/2. */
async function measureCalls(given: Ground, requestsFile: string): Promise<Figures[]> {
  const upstream = await startResponder('unary-responder.ts');
  try {
    return await measureOn('grpc', { ...given, upstreamPort: upstream.port }, requestsFile);
  } finally {
    await upstream.stop();
  }
}

function measureOn(load: Load, given: Ground, requestsFile: string): Promise<Figures[]> {
  return measureRow(rowOf(load), peersOf(load), given, { requestsFile, pace: PACE });
}

function isDescribed(load: Load): load is ValidateLoad {
  return (VALIDATE_LOADS as readonly Load[]).includes(load);
}

function rowOf(load: Load): ValidateRow {
  return `validate_${load}`;
}

/** The express app takes part where its validator reads such bodies as ours does. */
function peersOf(load: Load): readonly Start[] {
  const row = rowOf(load);
  const judged = load === 'response_10kb' ? 'responses' : 'requests';
  const express: readonly Start[] = [
    (given) => startExpress(row, given, judged),
    (given) => startExpress(row, given, 'nothing'),
  ];
  return [(given) => startWithout(load, given), ...(isDescribed(load) ? express : [])];
}

async function startWithout(load: Load, given: Surroundings): Promise<Contestant> {
  return { ...(await startPortcullis(`unvalidated_${load}`, given)), name: WITHOUT, row: rowOf(load) };
}

/** For each load: the gateway's cost per request, with and without, and what lies between; and those of the express app. */
function keysOf(figures: readonly Figures[]): Keys {
  const compared = compare(figures, {
    ratios: LOADS.map((load) => [`${load}_express`, rowOf(load), VALIDATOR] as const),
    own: LOADS.map((load) => [`gateway_${load}`, rowOf(load)] as const),
  });
  const added = LOADS.flatMap((load): (readonly [key: string, us: number])[] => {
    const cost = (name: string): number => figureOf(figures, rowOf(load), name)?.usPerRequest ?? Number.NaN;
    const costs = [
      [`gateway_${load}_off`, cost(WITHOUT)],
      [`gateway_${load}_added`, cost('portcullis') - cost(WITHOUT)],
      [`express_${load}`, cost(VALIDATOR)],
      [`express_${load}_added`, cost(VALIDATOR) - cost('express')],
    ] as const;
    return costs.filter(([, us]) => !Number.isNaN(us)).map(([key, us]) => [key, rounded(us)]);
  });
  return { ratios: compared.ratios, us: { ...compared.us, ...Object.fromEntries<number>(added) } };
}
