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
import { type Course, leastCost } from './least-cost.ts';

const FORMS = 16;

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

function oneOf(judge: Judge): Course {
  const counted = (isPassed: boolean): number => {
    if (!isPassed) throw new Error('a form is refused');
    return 1;
  };
  return (from) => {
    const verdict = judge(from % FORMS);
    return typeof verdict === 'boolean' ? counted(verdict) : verdict.then(counted);
  };
}

const figures = { ours: await leastCost(oneOf(ours())), busboy_ajv: await leastCost(oneOf(busboyAndAjv())) };
process.stdout.write(`${JSON.stringify(figures)}\n`);
