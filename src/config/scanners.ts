import { isIP } from 'node:net';
import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { FileScanner } from '../policy/index.ts';
import { duration, parsed, size } from './scalars.ts';
import { words } from './words.ts';

const SCANNER_LIMIT = 16;
/** RFC 3507 §4.2. */
const ICAP_PORT = 1_344;
const FORM = 'write it like icap://127.0.0.1:1344/avscan';

/** A scanner, as files are given to it. */
export type ScannerConfig = FileScanner;

const scannerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, {
    error: words('a scanner has a name of a-z, 0-9 and `-`, a letter first, 63 characters at most'),
    abort: true,
  })
  .refine((name) => !(name in {}), { error: 'this name cannot be used for a scanner' });

const scanner = z.strictObject({
  icap: parsed(readService, words('a scanner is named by the address of its service', FORM)).meta({
    title: 'URL',
    description: 'Its service (RFC 3507), such as icap://127.0.0.1:1344/avscan.',
  }),
  timeout: duration('5s', { from: '100ms', to: '8s' }, 'How long it may take for one file.'),
  size: size(
    { from: '1B', to: '1GiB' },
    'The largest file that it is given. A larger one is refused, unless `unavailable: pass`.',
  ).prefault('25MiB'),
  unavailable: z.enum(['refuse', 'pass'], { error: 'must be refuse or pass' }).prefault('refuse').meta({
    description:
      'What becomes of files that it does not answer for: `refuse` is 503, `pass` lets them through unseen, with an alert.',
  }),
});

/** The key `scanners`. */
export const scannersSchema = z
  .record(scannerName, scanner)
  .refine((scanners) => Object.keys(scanners).length <= SCANNER_LIMIT, {
    error: `at most ${SCANNER_LIMIT} scanners are read`,
  })
  .optional()
  .meta({ description: 'Scanners of files, by name; `files.scan` of an API names one.' });

/** The scanners, in the order of the file. */
export function toScanners(raw: z.output<typeof scannersSchema>): readonly ScannerConfig[] {
  return Object.entries(raw ?? {}).map(([name, { icap, timeout, size: sizeBytes, unavailable }]) => ({
    name,
    ...icap,
    timeoutMs: timeout,
    sizeBytes,
    unavailable,
  }));
}

interface Service {
  readonly host: string;
  readonly port: number;
  readonly service: string;
}

function readService(text: string): Result<Service, string> {
  const found = /^icap:\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?(\/[A-Za-z0-9._~/-]{1,200})$/.exec(text);
  if (found === null) return err(words('this is no address of an ICAP service', FORM));
  const [, written = '', digits = String(ICAP_PORT), service = ''] = found;
  const host = written.replace(/^\[|\]$/g, '');
  const port = Number(digits);
  const isAddress = isIP(host) !== 0 || !/^[0-9.]+$/.test(host);
  if (!isAddress || host.length > 253 || (written.startsWith('[') && isIP(host) !== 6)) {
    return err(words('the host of this address is no host name and no address', FORM));
  }
  return port > 0 && port < 65_536 ? ok({ host, port, service }) : err(words('a port is from 1 to 65535', FORM));
}
