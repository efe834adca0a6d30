import { join } from 'node:path';
import { runToEnd } from './child.ts';
import type { Contestant, Ground, Row, Surroundings } from './contestants/contestant.ts';
import { startExpress } from './contestants/express.ts';
import { startPortcullis } from './contestants/portcullis.ts';
import { machine as describeMachine } from './machine.ts';
import { printNoise, watchNoise } from './noise.ts';
import { compare, figureOf, type Figures, measureRow, printFigures, rounded, type Start } from './race.ts';
import { onGround } from './surroundings.ts';
import { printTable } from './table.ts';
import { INNER_LOADS, type InnerLoad, VALIDATE_LOADS, type ValidateLoad, writeLoad } from './validate-loads.ts';

const INNER_MS = 120_000;
const FLAGS = ['--min-semi-space-size=16'];
/** The gateway itself, with the same requests and nothing described. */
const WITHOUT = 'without validation';
const VALIDATOR = 'express-openapi-validator';

/** CPU µs for a value, by load and by who judges. */
type Inner = Readonly<Record<InnerLoad, Readonly<Record<'ours' | 'ajv_parsed' | 'ajv_bytes', number>>>>;

/**
 * What validation costs. First alone, in one process: from the bytes of a body to the verdict, beside Ajv on data that is
 * parsed already and beside Ajv behind `JSON.parse`, or behind saxes where it is XML. Then as CPU time per request of the whole gateway and of an express
 * app, each with its validator and without. `--in-process` leaves the second part out.
 */
export async function benchValidate(options: readonly string[]): Promise<Record<string, unknown>> {
  if (process.platform !== 'linux') throw new Error('this bench reads CPU time from /proc and needs Linux');
  const noise = watchNoise();
  const inner = await measureInner();
  printInner(inner);
  const others = await measureOthers();
  const multipart = await measureMultipart();
  const whole = options.includes('--in-process') ? NOTHING : await measureWhole();
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

async function measureInner(): Promise<Inner> {
  const script = join(import.meta.dirname, 'validate-inner.ts');
  const printed = await runToEnd([process.execPath, ...FLAGS, script], 'contestant', INNER_MS);
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Inner;
}

/** What other bodies cost to judge or to look through, each in a process of its own: a script prints `row → µs`. */
const OTHER_BODIES = ['validate-leaks.ts', 'validate-graphql.ts', 'validate-grpc.ts'];

async function measureOthers(): Promise<Record<string, number>> {
  const rows: [string, number][] = [];
  for (const script of OTHER_BODIES) {
    const words = [process.execPath, ...FLAGS, join(import.meta.dirname, script)];
    const printed = await runToEnd(words, 'contestant', INNER_MS);
    const figures = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Record<string, number>;
    rows.push(...Object.entries(figures).map(([row, us]): [string, number] => [row, rounded(us)]));
  }
  printTable(
    ['body', 'CPU µs'],
    rows.map((row) => row.map(String)),
  );
  return Object.fromEntries(rows);
}

/** A form of three fields and a file of 64 KiB, from its bytes to the verdict. */
async function measureMultipart(): Promise<Keys> {
  const script = join(import.meta.dirname, 'validate-multipart.ts');
  const printed = await runToEnd([process.execPath, ...FLAGS, script], 'contestant', INNER_MS);
  const { ours, busboy_ajv } = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as MultipartCosts;
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
  const rows = INNER_LOADS.map((load) => {
    const { ours, ajv_parsed, ajv_bytes } = inner[load];
    return [load, ours, ajv_parsed, ajv_bytes, ours - ajv_parsed].map((cell) =>
      typeof cell === 'number' ? cell.toFixed(2) : cell,
    );
  });
  console.log('in one process, CPU µs for a value; Ajv is compiled beforehand');
  printTable(['value', 'ours, from bytes', 'Ajv, parsed data', 'JSON.parse or saxes + Ajv', 'ours above Ajv'], rows);
}

function innerCosts(inner: Inner): Record<string, number> {
  return Object.fromEntries(
    INNER_LOADS.flatMap((load) => [
      [load, rounded(inner[load].ours)],
      [`${load}_ajv`, rounded(inner[load].ajv_parsed)],
      [readerKeyOf(load), rounded(inner[load].ajv_bytes)],
    ]),
  );
}

function innerRatios(inner: Inner): Record<string, number> {
  return Object.fromEntries(
    INNER_LOADS.map((load) => [readerKeyOf(load), rounded(inner[load].ours / inner[load].ajv_bytes)]),
  );
}

/** The key of Ajv behind a reader of the format. */
function readerKeyOf(load: InnerLoad): string {
  return load === 'xml' ? 'xml_saxes_ajv' : `${load}_json_parse_ajv`;
}

async function measureWhole(): Promise<Keys> {
  return await onGround(async (ground) => {
    const figures: Figures[] = [];
    for (const load of VALIDATE_LOADS) figures.push(...(await measureLoad(load, ground)));
    printFigures(figures);
    return keysOf(figures);
  });
}

/** A row that can't be measured is told, and its keys are missing. */
async function measureLoad(load: ValidateLoad, given: Ground): Promise<Figures[]> {
  try {
    return await measureRow(rowOf(load), peersOf(load), given, await writeLoad(given.folder, load));
  } catch (fault) {
    console.log(`${load}: not measured: ${fault instanceof Error ? fault.message.slice(0, 300) : 'unknown fault'}`);
    return [];
  }
}

function rowOf(load: ValidateLoad): Row {
  return `validate_${load}`;
}

function peersOf(load: ValidateLoad): readonly Start[] {
  const row = rowOf(load);
  const judged = load === 'response_10kb' ? 'responses' : 'requests';
  return [
    (given) => startWithout(load, given),
    (given) => startExpress(row, given, judged),
    (given) => startExpress(row, given, 'nothing'),
  ];
}

async function startWithout(load: ValidateLoad, given: Surroundings): Promise<Contestant> {
  return { ...(await startPortcullis(`unvalidated_${load}`, given)), name: WITHOUT, row: rowOf(load) };
}

/** For each load: the gateway's cost per request, with and without, what validation adds to it, and to the express app. */
function keysOf(figures: readonly Figures[]): Keys {
  const compared = compare(figures, {
    ratios: VALIDATE_LOADS.map((load) => [`${load}_express`, rowOf(load), VALIDATOR] as const),
    own: VALIDATE_LOADS.map((load) => [`gateway_${load}`, rowOf(load)] as const),
  });
  const measured = VALIDATE_LOADS.filter((load) => figureOf(figures, rowOf(load), 'portcullis') !== undefined);
  const added = measured.flatMap((load): (readonly [key: string, us: number])[] => {
    const cost = (name: string): number => figureOf(figures, rowOf(load), name)?.usPerRequest ?? Number.NaN;
    return [
      [`gateway_${load}_off`, rounded(cost(WITHOUT))],
      [`gateway_${load}_added`, rounded(cost('portcullis') - cost(WITHOUT))],
      [`express_${load}`, rounded(cost(VALIDATOR))],
      [`express_${load}_added`, rounded(cost(VALIDATOR) - cost('express'))],
    ];
  });
  return { ratios: compared.ratios, us: { ...compared.us, ...Object.fromEntries<number>(added) } };
}
