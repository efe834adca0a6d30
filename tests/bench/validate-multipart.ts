/**
 * What a form of parts costs without the gateway around it, CPU µs from its bytes to the verdict: three fields, one of
 * them JSON, and a file of 64 KiB. Ours, and beside it busboy with `JSON.parse` and Ajv. Prints one line of JSON.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import busboy from 'busboy';
import { contentFault, parseBody } from '../../src/body/index.ts';
import { compileBody, describeApi, type SentMediaType } from '../../src/openapi/index.ts';
import { valueOf } from '../system/value-of.ts';
import { FORM_DOCUMENT, FORM_SCHEMA, FORM_TYPE, formOf } from './bodies/form.ts';

const FORMS = 16;
const ROUNDS = 5;
const ROUND_MS = 300;

const forms = Array.from({ length: FORMS }, (_, at) => formOf(at));

/** Judges the form of this number, and says whether it holds. */
type Judge = (at: number) => boolean | Promise<boolean>;

function ours(): Judge {
  const [operation] = valueOf(describeApi(FORM_DOCUMENT, () => null)).operations;
  if (operation === undefined) throw new Error('no operation');
  const readJson = (text: string): unknown => {
    const read = parseBody('application/json', Buffer.from(text));
    return read.ok && read.value.kind === 'json' ? read.value.value : undefined;
  };
  const source = { document: FORM_DOCUMENT, specification: '3.1' } as const;
  const judge = valueOf(compileBody(source, operation.requestBody, readJson));
  return (at) => {
    const body = parseBody(FORM_TYPE, forms[at] as Buffer);
    if (!body.ok) return false;
    const mediaType: SentMediaType | null = 'mediaType' in body.value ? body.value.mediaType : null;
    return judge.whole(body.value, mediaType) === null && contentFault(body.value) === null;
  };
}

/** The usual way: fields and files as they come, numbers and JSON converted by hand, a file judged by its length. */
function busboyAndAjv(): Judge {
  const photo = { type: 'integer', maximum: 100_000 };
  const validate = new Ajv2020({ strict: false }).compile({
    ...FORM_SCHEMA,
    properties: { ...FORM_SCHEMA.properties, photo },
  });
  const converted: Readonly<Record<string, (text: string) => unknown>> = { stars: Number, about: JSON.parse };
  return async (at) => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const value: Record<string, unknown> = {};
    const parser = busboy({ headers: { 'content-type': FORM_TYPE } });
    parser.on('field', (name, text) => (value[name] = converted[name]?.(text) ?? text));
    parser.on('file', (name, stream) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => (value[name] = Buffer.concat(pieces).length));
    });
    parser.on('close', () => resolve(validate(value)));
    parser.on('error', reject);
    parser.end(forms[at]);
    return promise;
  };
}

/** The least of some rounds: what others do to the machine only adds. */
async function measure(judge: Judge): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const until = performance.now() + ROUND_MS;
    const before = process.threadCpuUsage();
    let done = 0;
    while (performance.now() < until) {
      const at = done % FORMS;
      const verdict = judge(at);
      if (!(typeof verdict === 'boolean' ? verdict : await verdict)) throw new Error(`form ${at} is refused`);
      done++;
    }
    const { user, system } = process.threadCpuUsage(before);
    least = Math.min(least, (user + system) / done);
  }
  return least;
}

const figures = { ours: await measure(ours()), busboy_ajv: await measure(busboyAndAjv()) };
process.stdout.write(`${JSON.stringify(figures)}\n`);
